"""The escrow quorum, delegates and a leaver, over the command line with sessions of the people concerned."""
import base64
import email
import email.policy
import imaplib
import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
import time

import pytest

from conftest import PROGRAMS, TOP, end_site, make_site
from mail import HOST

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api, Refused, totp  # noqa: E402

PROOF = os.environ.get('LETTERLOCK_PROOF', os.path.normpath(os.path.join(PROGRAMS, '..', '..', 'tests', 'proof')))


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'auth.failure_delay': '100ms', 'limits.logins_per_minute': '0'})
    yield made
    end_site(made)


def keep(site, token, name):
    path = site.instance.path(f'session-{name}')
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='ascii') as file:
        file.write(token + '\n')
    return path


def session_of(site, user):
    """A file with the token of a session; a second factor is shown with a code that was not used yet."""
    while True:
        for step in (0, 1):
            proof = {'proof': {'kind': 'totp', 'code': totp(user['totp_secret'], step=step)}} if 'totp_secret' in user else {}
            try:
                token = Api(site.ports['management'], site.tls()).sign_in(user['address'], user['password'], **proof).token
                return keep(site, token, user['address'])
            except Refused as refused:
                if refused.code != 'factor':
                    raise
        time.sleep(1)


@pytest.fixture(scope='module')
def people(site):
    """Staff by the part before the "@"; with `session`."""
    staff = {person['address'].partition('@')[0]: person for person in site.staff}
    for person in staff.values():
        person['session'] = session_of(site, person)
    return staff


@pytest.fixture(scope='module')
def quorum(site, people):
    cli = site.instance.cli
    custodians = [people[f'custodian{n}']['address'] for n in (1, 2, 3)]
    code, result, _ = cli('escrow', 'set', '2', *custodians, '--reason', 'the beginning', session=people['officer']['session'], check=False)
    assert code != 0
    cli('approval', 'give', str(approvals(site, people)[-1]['id']), session=people['approver']['session'])
    assert cli('escrow', 'status', session=people['officer']['session'])['k'] == 2
    return [people[f'custodian{n}'] for n in (1, 2, 3)]


def approvals(site, people):
    return site.instance.cli('approval', 'list', session=people['approver']['session'])['approvals']


NOT_OF_THE_SYSTEM = ('NOT', 'FROM', '"postmaster@"')  # its letters about what a test does come when they come


def inbox(site, user, password=None):
    """The UIDs; letters of others may still arrive, so that later ones are compared as a superset."""
    with site.imap(user, password) as client:
        client.select('INBOX', readonly=True)
        return uids(client)


def uids(client):
    return set(client.uid('SEARCH', *NOT_OF_THE_SYSTEM)[1][0].split())


def as_delegate(site, owner, delegate):
    client = imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=site.tls(), timeout=60)
    client.authenticate('PLAIN', lambda _: f'{owner["address"]}\0{delegate["address"]}\0{delegate["password"]}'.encode())
    return client


def test_two_custodians_reset_a_password_and_the_mail_stays(site, people, quorum):
    cli, user = site.instance.cli, site.user('zhao.min')
    before = inbox(site, user)
    assert before
    asked = cli('escrow', 'reset', user['address'], '--stdin', stdin='neues-wort-zwei-drei\n')
    request, check = str(asked['request']), asked['check']
    code, _, text = cli('escrow', 'give', request, '--check', '0000-0000', session=quorum[0]['session'], check=False)
    assert code != 0 and 'digits' in text
    assert cli('escrow', 'give', request, '--check', check, session=quorum[0]['session'])['given'] == 1
    with pytest.raises(imaplib.IMAP4.error):
        inbox(site, user, 'neues-wort-zwei-drei')
    assert cli('escrow', 'give', request, '--check', check, session=quorum[2]['session'])['reset']
    with pytest.raises(imaplib.IMAP4.error):
        inbox(site, user)
    user['password'] = 'neues-wort-zwei-drei'
    assert inbox(site, user) >= before


def test_a_delegate_reads_and_sends_but_deletes_nothing(site, people):
    cli, owner, delegate = site.instance.cli, site.user('maria.rossi'), site.user('wang.lei')
    with pytest.raises(imaplib.IMAP4.error):
        as_delegate(site, owner, delegate)
    cli('delegate', 'add', delegate['address'], '--days', '30', session=session_of(site, owner))
    before = inbox(site, owner)
    client = as_delegate(site, owner, delegate)
    assert client.select('INBOX')[0] == 'OK'
    assert uids(client) >= before and before
    assert client.fetch('1', '(BODY[])')[0] == 'OK'
    assert client.store('1', '+FLAGS', r'(\Flagged)')[0] == 'OK'
    for answer in (client.store('1', '+FLAGS', r'(\Deleted)'), client.expunge(), client.delete('Sent')):
        assert answer[0] == 'NO' and b'NOPERM' in answer[1][0]
    assert client.close()[0] == 'OK'
    smtp = smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=site.tls(), timeout=60)
    smtp.login(f'{owner["address"]}*{delegate["address"]}', delegate['password'])
    smtp.sendmail(owner['address'], [delegate['address']], f'From: <{owner["address"]}>\r\nSubject: for her\r\n\r\nHello\r\n'.encode())
    smtp.quit()
    session, looked = session_of(site, owner), set()
    for _ in range(50):
        looked = {record['event'] for record in cli('access', 'list', owner['address'], session=session)['records']}
        if {'access.opened', 'access.sent'} <= looked:
            break
        time.sleep(0.1)
    assert {'access.opened', 'access.sent'} <= looked
    cli('delegate', 'remove', owner['address'], delegate['address'], session=session_of(site, owner))
    with pytest.raises((imaplib.IMAP4.error, OSError)):
        for _ in range(50):
            client.noop()
            time.sleep(0.1)
    with pytest.raises(imaplib.IMAP4.error):
        as_delegate(site, owner, delegate)


def test_a_leaver_is_handed_over_by_the_quorum_and_then_shredded(site, people, quorum, folder):
    cli, leaver, heir = site.instance.cli, site.user('lin.xiaomei'), site.user('wang.lei')
    before = inbox(site, leaver)
    admin, approver = people['admin']['session'], people['approver']['session']
    arguments = ('user', 'leave', leaver['address'], '--target', heir['address'], '--reason', 'moved away')
    dry = cli(*arguments, '--dry-run', session=admin)
    assert dry['dry_run'] and dry['ends']['groups'] == 1 and inbox(site, leaver) >= before
    done = cli(*arguments, session=admin)
    with pytest.raises(imaplib.IMAP4.error):
        inbox(site, leaver)
    request = cli('approval', 'give', str(done['approval']), session=approver)['request']
    for custodian in quorum[:2]:
        result = cli('escrow', 'give', str(request), session=custodian['session'])
    assert result['handed_over']
    client = as_delegate(site, leaver, heir)
    client.select('INBOX', readonly=True)
    assert uids(client) >= before and before
    site.deliver([leaver['address']], b'From: stranger@outside.test\r\nSubject: to the leaver\r\n\r\nHello\r\n')
    assert len(site.find(heir, 'to the leaver', seconds=30)) == 1
    assert cli('account', 'shred', leaver['address'], '--reason', 'asked for', session=admin, check=False)[0] != 0
    certificate = cli('approval', 'give', str(approvals(site, people)[-1]['id']), session=approver)
    for name, content in (('text', certificate['certificate'].encode()), ('key', certificate['public_key'].encode()),
                          ('signature', base64.b64decode(certificate['signature']))):
        (folder / name).write_bytes(content)
    subprocess.run(['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', folder / 'key', '-rawin', '-in', folder / 'text', '-sigfile',
                    folder / 'signature'], check=True, capture_output=True)
    with pytest.raises(imaplib.IMAP4.error):
        as_delegate(site, leaver, heir)

def found_letter(site, user, words):
    """The text of a letter of the system, when it has come."""
    with site.imap(user) as client:
        client.select('INBOX', readonly=True)
        for uid in client.uid('SEARCH', 'FROM', '"postmaster@"')[1][0].split():
            message = email.message_from_bytes(client.uid('FETCH', uid, '(BODY.PEEK[])')[1][0][1], policy=email.policy.default)
            if words in message['Subject']:
                return message.get_content()
    return None


def wait_for_letter(site, user, words):
    end = time.monotonic() + 30
    while (text := found_letter(site, user, words)) is None:
        assert time.monotonic() < end, f'no letter: {words}'
        time.sleep(0.1)
    return text


def test_alarms_reach_an_officer_who_has_no_mailbox(site, people):
    cli, officer = site.instance.cli, people['officer']['session']
    reader = {'address': 'reads.alarms@demo.test', 'password': 'kiesel-fahne-uhr-birne'}
    cli('user', 'add', reader['address'], '--stdin', stdin=reader['password'] + '\n')
    cli('contact', 'set', reader['address'], session=officer)
    code = re.search(r'\b(\d{6})\b', wait_for_letter(site, reader, 'Your sign-in code'))[1]
    assert cli('contact', 'confirm', '--stdin', stdin='000000\n' if code != '000000' else '111111\n', session=officer, check=False)[0] != 0
    cli('contact', 'confirm', '--stdin', stdin=code + '\n', session=officer)
    assert cli('contact', 'show', session=officer)['contact'] == 'r***@demo.test'
    cli('--break-glass', 'the test of alarms', 'user', 'list', session='/nonexistent')
    assert 'the test of alarms' in wait_for_letter(site, reader, 'ALARM')


def test_who_works_as_root_does_not_approve_as_root(site, people):
    cli = site.instance.cli
    code, _, text = cli('user', 'disable', people['auditor']['address'], session=people['admin']['session'], check=False)
    assert code != 0 and 'second person' in text
    number = str(approvals(site, people)[-1]['id'])
    code, _, text = cli('--break-glass', 'nobody else is here', 'approval', 'give', number, session='/nonexistent', check=False)
    assert code != 0 and 'one person, not two' in text
    cli('approval', 'refuse', number, session=people['approver']['session'])


# ---- the thief of disk and key files: the last tests of this file, after which the server is stopped ----

@pytest.fixture(scope='module')
def stolen(site, people, quorum, tmp_path_factory):
    """Everything that is on the disk of a system with sessions, second factors and escrow shares; and one token that was used a moment ago."""
    person = people['custodian1']
    with open(person['session'], encoding='ascii') as file:
        token = file.read().strip()
    server = site.instance.processes.pop('letterlockd')
    server.terminate()
    assert server.wait(60) == 0
    data = str(tmp_path_factory.mktemp('stolen') / 'data')
    shutil.copytree(os.path.realpath(site.instance.path('data')), data, ignore=shutil.ignore_patterns('spare'))

    def attack(given=''):
        done = subprocess.run([os.path.join(PROOF, 'offline'), site.instance.path('letterlock.yaml'), data], input=given, capture_output=True, text=True,
                              timeout=400, check=False)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {kind: [x for x in lines if kind in x] for kind in ('session', 'factor', 'share', 'wrap')}, lines[-1]
    attack.person, attack.token = person, token
    return attack


def test_disk_and_key_files_open_no_session_no_second_factor_and_no_share(stolen):
    found, summary = stolen()
    assert summary['sessions'] >= 5 and summary['factors'] >= 5 and summary['shares'] >= 4
    assert found == {'session': [], 'factor': [], 'share': [], 'wrap': []}
    assert summary['sessions_open'] == summary['factors_open'] == summary['shares_open'] == 0


def test_the_same_program_opens_a_session_with_its_token_and_no_other(stolen):
    found, summary = stolen(f'{stolen.person["address"]} {stolen.token}\n')
    assert [x['how'] for x in found['session']] == ['the token was given'] and summary['sessions_open'] == 1
    assert found['wrap'] == []
    found, _ = stolen(f'{stolen.person["address"]} {stolen.token[:-1]}{"A" if stolen.token[-1] != "A" else "E"}\n')
    assert found['session'] == []


def test_the_same_program_opens_factors_and_shares_with_the_password_of_their_owner_only(stolen):
    found, summary = stolen(f'{stolen.person["address"]} {stolen.person["password"]}\n')
    assert {x['how'] for x in found['factor'] + found['share']} == {'the password was given'}
    assert 0 < summary['factors_open'] < summary['factors'] and 0 < summary['shares_open'] < summary['shares']
    assert found['session'] == [] and {x['address'] for x in found['wrap']} == {stolen.person['address']}
