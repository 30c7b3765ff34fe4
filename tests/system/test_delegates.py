"""What a delegate may do in somebody else's mailbox, how it ends, and what of it is recorded, with real mail programs."""
import contextlib
import email
import imaplib
import os
import smtplib
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
