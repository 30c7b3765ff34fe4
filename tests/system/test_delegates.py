"""What a delegate may do in somebody else's mailbox, how it ends, and what of it is recorded, with real mail programs."""
import contextlib
import email
import imaplib
import os
import poplib
import smtplib
import subprocess
import sys
import time

import pytest

from conftest import TOP, end_site, make_site
from mail import HOST, letter, mark

sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))
from api import Api, Refused, totp  # noqa: E402

PASSWORD = 'korb-laterne-moos-winkel'
OWN = 'wolke-tisch-anker-sieben'
PATIENCE = 30  # seconds


@pytest.fixture(scope='module')
def site():
    made = make_site(options={'auth.failure_delay': '100ms', 'limits.logins_per_minute': '0'})
    yield made
    end_site(made)


def api(site, token=None):
    return Api(site.ports['management'], site.tls(), token)


@pytest.fixture(scope='module')
def officer(site):
    """The session of the security officer; a code is used once only."""
    who = next(person for person in site.staff if person['role'] == 'officer')
    while True:
        for step in (0, 1):
            with contextlib.suppress(Refused):
                return api(site).sign_in(who['address'], who['password'], proof={'kind': 'totp', 'code': totp(who['totp_secret'], step=step)})
        time.sleep(1)


def person(site):
    address = f'{mark()[:10]}@demo.test'
    site.instance.cli('user', 'add', address, '--stdin', stdin=PASSWORD + '\n')
    api(site).call('user.passwd', address=address, old=PASSWORD, new=OWN)
    return {'address': address, 'password': OWN}


def of(site, user):
    """The user's session with the interface."""
    return api(site).sign_in(user['address'], user['password'])


@pytest.fixture
def owner(site):
    return person(site)


@pytest.fixture
def delegate(site):
    return person(site)


@pytest.fixture
def delegated(site, owner, delegate):
    of(site, owner).call('delegate.add', delegate=delegate['address'])
    return f'{owner["address"]}*{delegate["address"]}'


def submission(site, name, password=OWN):
    client = smtplib.SMTP_SSL(HOST, site.ports['submissions'], context=site.tls(), timeout=PATIENCE)
    client.login(name, password)
    return client


def imap(site, name, password=OWN):
    client = imaplib.IMAP4_SSL(HOST, site.ports['imaps'], ssl_context=site.tls(), timeout=PATIENCE)
    client.login(f'"{name}"', password)  # the star is no atom
    return client


def looks(site, owner, wanted):
    """Who looked into the mailbox, newest first, waiting until `wanted` says yes to the records."""
    session, end = of(site, owner), time.monotonic() + PATIENCE
    while True:
        records = session.call('access.list', address=owner['address'])['records']
        if wanted(records):
            return records
        assert time.monotonic() < end, records
        time.sleep(0.2)


# ---- sending ----

@pytest.mark.parametrize('extra', ['', 'Sender: The Boss <{owner}>\r\n', 'Sender: {delegate}\r\n'])
def test_a_letter_of_a_delegate_names_both(site, owner, delegate, delegated, extra):
    subject = mark()
    data = letter(owner['address'], delegate['address'], subject, extra=extra.format(owner=owner['address'], delegate=delegate['address']))
    client = submission(site, delegated)
    client.sendmail(owner['address'], [delegate['address']], data)
    client.quit()
    got = email.message_from_bytes(site.find(delegate, subject)[0])
    assert got['From'] == owner['address'] and got.get_all('Sender') == [delegate['address']]
    sent = looks(site, owner, lambda records: any(r['event'] == 'access.sent' for r in records))
    fields = next(r for r in sent if r['event'] == 'access.sent')['fields']
    assert fields['actor'] == delegate['address'] and fields['owner'] == owner['address']


def test_nobody_else_can_be_named_as_sender(site, owner, delegate, delegated):
    data = letter(owner['address'], delegate['address'], mark(), extra='Sender: wang.lei@demo.test\r\n')
    with submission(site, delegated) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail(owner['address'], [delegate['address']], data)
    assert refused.value.smtp_code == 550
    with submission(site, delegated) as client, pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail(delegate['address'], [owner['address']], letter(owner['address'], owner['address'], mark()))


def test_as_the_owner_only_with_a_role_that_says_so(site, owner, delegate, officer):
    role, subject = 'as-owner-' + mark()[:8], mark()
    officer.call('role.define', name=role, rights=['mail.view', 'mail.send', 'mail.send_as', 'mail.download'])
    of(site, owner).call('delegate.add', delegate=delegate['address'], role=role)
    client = submission(site, f'{owner["address"]}*{delegate["address"]}')
    client.sendmail(owner['address'], [delegate['address']], letter(owner['address'], delegate['address'], subject))
    client.quit()
    assert email.message_from_bytes(site.find(delegate, subject)[0])['Sender'] is None
    looks(site, owner, lambda records: any(r['event'] == 'access.sent' and r['fields']['actor'] == delegate['address'] for r in records))


# ---- the end ----

def is_over(client):
    """The server ended it by itself, with 421; who is still let in waits for the timeout."""
    try:
        answer = client.getreply()
    except (smtplib.SMTPServerDisconnected, ConnectionResetError):
        return True
    return answer[0] == 421


def end_delegation(site, owner, delegate, _):
    of(site, owner).call('delegate.remove', address=owner['address'], delegate=delegate['address'])


def end_credential(site, _, delegate, credential):
    of(site, delegate).call('user.app_password.remove', address=delegate['address'], id=str(credential))


def disable_delegate(site, _, delegate, __):
    site.instance.cli('user', 'disable', delegate['address'])


def disable_owner(site, owner, *_):
    site.instance.cli('user', 'disable', owner['address'])


@pytest.mark.parametrize('end', [end_delegation, end_credential, disable_delegate, disable_owner])
def test_open_sessions_end_with_what_they_stand_on(site, owner, delegate, delegated, end):
    made = api(site).call('user.app_password.add', address=delegate['address'], password=OWN, label='phone')
    name, password = delegated, made['app_password']
    idle, transaction, data = (submission(site, name, password) for _ in range(3))
    reader = imap(site, name, password)
    for client in (transaction, data):
        assert client.mail(owner['address'])[0] == 250 and client.rcpt(owner['address'])[0] == 250
    assert data.docmd('DATA')[0] == 354
    data.send(b'Subject: half\r\n\r\nand no en')
    end(site, owner, delegate, made['id'])
    assert is_over(idle) and is_over(transaction) and is_over(data)
    with pytest.raises((imaplib.IMAP4.error, OSError)):
        reader.noop()
        reader.noop()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submission(site, name, password)


def test_sign_out_ends_the_own_submission_too(site, owner):
    client, other = submission(site, owner['address']), submission(site, owner['address'])
    assert other.mail(owner['address'])[0] == 250
    site.instance.cli('user', 'disable', owner['address'])
    assert is_over(client) and is_over(other)


# ---- reading ----

WHOLE = (b'From: <ann@outside.test>\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
         b'--x\r\nContent-Type: text/plain\r\n\r\nthe text\r\n'
         b'--x\r\nContent-Type: application/pdf; name="f.pdf"\r\nContent-Disposition: attachment; filename="f.pdf"\r\n'
         b'Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--x--\r\n')


def delivered(site, owner):
    """A letter with an attachment in the owner's INBOX: its number and EMAILID."""
    subject = mark()
    site.deliver([owner['address']], WHOLE % subject.encode())
    site.find(owner, subject)
    with site.imap(owner) as client:
        client.select('INBOX', readonly=True)
        number = client.search(None, 'SUBJECT', f'"{subject}"')[1][0].split()[-1].decode()
        text = client.fetch(number, '(EMAILID)')[1][0].decode()
    return number, text.partition('EMAILID (')[2].partition(')')[0]


def role_of(officer, *rights):
    name = 'reader-' + mark()[:8]
    officer.call('role.define', name=name, rights=list(rights))
    return name


def pop3(site, name):
    client = poplib.POP3_SSL(HOST, site.ports['pop3s'], context=site.tls(), timeout=PATIENCE)
    client.user(name)
    client.pass_(OWN)
    return client


def named(records, event):
    return [r['fields'] for r in records if r['event'] == event]


def test_what_a_session_may_not_do_it_is_not_offered(site, owner, delegate, delegated, officer):
    delivered(site, owner)
    client = imap(site, delegated)
    assert client.select('INBOX')[0] == 'OK'
    flags = client.response('PERMANENTFLAGS')[1][0]
    assert rb'\Seen' in flags and rb'\Deleted' not in flags
    assert client.response('READ-WRITE')[1] == [b'']
    for answer in (client.store('1', '+FLAGS', r'(\Deleted)'), client.store('1', 'FLAGS', r'(\Deleted \Seen)'), client.expunge(),
                   client.uid('MOVE', '1', 'Sent'), client.rename('Sent', 'Elsewhere')):
        assert answer[0] == 'NO' and b'[NOPERM]' in answer[1][0]
    client.logout()
    of(site, owner).call('delegate.add', delegate=delegate['address'], role=role_of(officer, 'mail.view', 'mail.download'))
    client = imap(site, delegated)
    with pytest.raises(imaplib.IMAP4.readonly):  # [READ-ONLY]
        client.select('INBOX')
    assert client.select('INBOX', readonly=True)[0] == 'OK'
    assert client.response('PERMANENTFLAGS')[1] == [b'()']
    for answer in (client.store('1', '+FLAGS', r'(\Seen)'), client.create('New'), client.append('INBOX', None, None, b'A: b\r\n\r\n')):
        assert answer[0] == 'NO'
    client.logout()


def test_pop3_takes_and_deletes_nothing_for_a_delegate(site, owner, delegated):
    number, letter_id = delivered(site, owner)
    client = pop3(site, delegated)
    with pytest.raises(poplib.error_proto, match='may not delete'):
        client.dele(number)
    assert any(b'JVBERi0xLjQK' in line for line in client.retr(number)[1])
    client.quit()
    records = looks(site, owner, lambda records: named(records, 'access.downloaded'))
    assert named(records, 'access.downloaded')[0]['letter'] == letter_id
    with site.imap(owner) as again:
        again.select('INBOX', readonly=True)
        assert letter_id in again.fetch(number, '(EMAILID)')[1][0].decode()


def test_a_secretary_sees_the_text_and_takes_no_attachment(site, owner, delegate):
    number, letter_id = delivered(site, owner)
    of(site, owner).call('delegate.add', delegate=delegate['address'], role='secretary')
    name = f'{owner["address"]}*{delegate["address"]}'
    client = imap(site, name)
    client.select('INBOX')
    assert b'the text' in client.fetch(number, '(BODY[1])')[1][0][1]
    assert client.fetch(number, '(ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])')[0] == 'OK'
    for items in ('(BODY[])', '(BODY.PEEK[2])', '(BINARY.PEEK[2])', '(RFC822)', '(BODY.PEEK[TEXT])', '(BODY.PEEK[1] BODY.PEEK[2]<0.4>)'):
        answer = client.fetch(number, items)
        assert answer[0] == 'NO' and b'[NOPERM]' in answer[1][0], items
    client.logout()
    with pytest.raises(poplib.error_proto):
        pop3(site, name)
    records = looks(site, owner, lambda records: named(records, 'access.closed'))
    assert [f['letter'] for f in named(records, 'access.read')] == [letter_id]
    assert not named(records, 'access.downloaded')


def test_reads_of_others_are_told_letter_by_letter_and_own_ones_in_one_sum(site, owner, delegate, delegated, officer):
    number, letter_id = delivered(site, owner)
    client = imap(site, delegated)
    client.select('INBOX')
    for _ in range(2):  # once each
        client.fetch(number, '(BODY.PEEK[1])')
        client.fetch(number, '(BODY.PEEK[])')
    client.create('Kept')
    assert client.copy(number, 'Kept')[0] == 'OK'
    client.logout()
    records = looks(site, owner, lambda records: named(records, 'access.closed'))
    for event in ('access.read', 'access.downloaded'):
        fields, = named(records, event)
        assert (fields['letter'], fields['actor'], fields['mailbox']) == (letter_id, delegate['address'], 'INBOX')
    assert named(records, 'access.copied')[0]['target'] == 'Kept'
    closed = named(records, 'access.closed')[0]
    assert closed['messages'] == 1 and closed['bytes'] > len(WHOLE)
    assert 'subject' not in str(records)
    before = len(records)
    with site.imap(owner) as client:
        client.select('INBOX')
        client.fetch('1:*', '(BODY.PEEK[])')
        client.store(number, '+FLAGS', r'(\Deleted)')
        client.expunge()
    end = time.monotonic() + PATIENCE
    while True:
        sums = [r['fields'] for r in officer.call('audit.list', event='session.end', actor=owner['address'])['records'] if r['fields'].get('bytes')]
        deleted = named(officer.call('audit.list', event='mail.expunged', actor=owner['address'])['records'], 'mail.expunged')
        if deleted and any('actor' not in fields for fields in sums):
            break
        assert time.monotonic() < end, (sums, deleted)
        time.sleep(0.2)
    assert (deleted[0]['mailbox'], deleted[0]['count']) == ('INBOX', 1)
    assert len(of(site, owner).call('access.list', address=owner['address'])['records']) == before


def test_without_the_right_to_export_a_delegate_takes_200_letters_an_hour(site, owner, delegate, delegated, officer):
    with site.imap(owner) as client:
        for at in range(201):
            assert client.append('INBOX', None, None, b'Subject: %d\r\n\r\ntext\r\n' % at)[0] == 'OK'
    for first, last, answer in (('1', '150', 'OK'), ('151', '200', 'OK'), ('1', '200', 'NO'), ('201', '201', 'NO')):
        client = imap(site, delegated)  # a new session does not begin anew
        client.select('INBOX', readonly=True)
        result = client.fetch(f'{first}:{last}', '(BODY.PEEK[])')
        assert result[0] == answer, (first, last)
        client.logout()
    fields = named(looks(site, owner, lambda records: named(records, 'access.bulk')), 'access.bulk')
    assert fields[0]['result'] == 'refused' and len(fields) == 1
    of(site, owner).call('delegate.add', delegate=delegate['address'], role=role_of(officer, 'mail.view', 'mail.download', 'mail.export'))
    client = imap(site, delegated)
    client.select('INBOX', readonly=True)
    assert client.fetch('1:*', '(BODY.PEEK[])')[0] == 'OK'
    client.logout()


# ---- the own trace ----

def test_everybody_traces_the_own_letters_and_no_others(site, owner, delegate):
    other, subject = person(site), mark()
    with site.smtp(owner) as client:
        client.sendmail(owner['address'], [delegate['address'], other['address'], 'somebody@outside.test'],
                        letter(owner['address'], delegate['address'], subject))
    site.find(delegate, subject)
    site.find(other, subject)
    site.outside_has(subject)
    sent, session = [], of(site, owner)
    end = time.monotonic() + PATIENCE
    while 'queue.delivered' not in [r['event'] for r in sent]:
        assert time.monotonic() < end, sent
        sent = session.call('trace.own')['records']
        time.sleep(0.2)
    accepted = named(sent, 'smtp.accepted')[0]
    assert accepted['targets'] == 3 and 'to' not in accepted
    assert named(sent, 'queue.delivered')[0]['to'] == 'somebody@outside.test'
    assert delegate['address'] not in str(sent) and '127.0.0.1' not in str(named(sent, 'smtp.accepted'))
    got = of(site, delegate).call('trace.own', address=delegate['address'])['records']
    assert {r['event'] for r in got} >= {'smtp.accepted', 'mail.filed'} and 'queue.delivered' not in str(got)
    assert named(got, 'smtp.accepted')[0]['to'] == delegate['address'] and other['address'] not in str(got)
    with pytest.raises(Refused):
        of(site, delegate).call('trace.own', address=owner['address'])
    path = site.instance.path('session-own')
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='ascii') as file:
        file.write(session.token + '\n')
    shown = site.instance.cli('trace', '--mine', accepted['mid'], session=path)['records']
    assert {r['fields'].get('mid') or r['fields'].get('id') for r in shown} == {accepted['mid']}


# ---- the log without people ----

def test_an_anonymised_export_names_nobody_and_says_what_it_proves(site, owner, delegate, officer):
    site.send(owner, [delegate['address']], letter(owner['address'], delegate['address'], mark()))
    session, path = site.instance.path('session-officer'), site.instance.path('anonymised')
    with open(os.open(session, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w', encoding='ascii') as file:
        file.write(officer.token + '\n')
    key = officer.call('audit.head')['key']
    site.instance.cli('audit', 'export', '--anonymise', '--output', path, session=session)
    with open(path, encoding='utf-8') as file:
        text = file.read()
    assert text.count('"redacted":') > 20 and '"anonymised":true' in text
    records = [line for line in text.splitlines() if line.startswith(('{"redacted"', '{"n"'))]
    for name in [owner['address'], delegate['address'], '127.0.0.1', '@demo.test'] + [person['address'] for person in site.staff]:
        assert not [line for line in records if name in line], name
    verify = os.path.join(site.instance.programs, 'letterlock-verify')
    done = subprocess.run([verify, '--key', key, path], capture_output=True, text=True, check=True)
    assert 'content not provable' in done.stdout and f'redacted records {text.count(chr(10) + chr(123) + chr(34) + "redacted")}' in done.stdout
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.replace(records[5] + '\n', '', 1))
    assert subprocess.run([verify, '--key', key, path], capture_output=True, check=False).returncode == 1
