"""An account that is misused loses the right to send and nothing else; its user is told, and one command gives it back."""
import imaplib
import smtplib

import pytest

from conftest import end_site, make_site
from mail import HOST
from test_notices import letter_of, wait_for
from test_revoke import new_user


@pytest.fixture(scope='module')
def contained():
    made = make_site({'auth': {'failure_delay': '0s'}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


def submission(site, user):
    client = smtplib.SMTP_SSL(HOST, site.ports['submissions'], timeout=30, context=site.tls())
    client.login(user['address'], user['password'])
    return client


def letter(user, to, number=0):
    return f'From: {user["address"]}\r\nTo: {to}\r\nSubject: letter {number}\r\n\r\nHello.\r\n'


def send(client, user, to, number=0):
    client.sendmail(user['address'], [to], letter(user, to, number))


def waiting(site, user, state):
    return [j for j in site.instance.cli('queue', 'list', '--from', user['address'])['jobs'] if j['state'] == state]


def test_who_may_not_send_reads_and_gets_the_right_back(contained):
    site = contained
    user = new_user(site, 'stopped')
    with submission(site, user) as client:
        send(client, user, 'temperror@outside.test')
        wait_for(lambda: site.instance.cli('queue', 'list', '--from', user['address'])['jobs'])
        site.instance.cli('user', 'sending', user['address'], 'stop', '--reason', 'test')
        wait_for(lambda: waiting(site, user, 'held'))
        # A session that is open learns it at the next letter.
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            send(client, user, 'temperror@outside.test')
        assert caught.value.smtp_code == 550 and b'5.7.1' in caught.value.smtp_error and b'suspended' in caught.value.smtp_error
    with site.imap(user) as client:
        assert client.select('INBOX')[0] == 'OK'
    assert letter_of(site, user, 'Sending from your account is suspended')
    shown = site.instance.cli('user', 'show', user['address'])
    assert shown['restriction'] == 'no-sending' and shown['restriction_reason'] == 'test'
    done = site.instance.cli('user', 'sending', user['address'], 'allow', '--release')
    assert done['restriction'] == 'none' and done['held'] == 1
    wait_for(lambda: not waiting(site, user, 'held'))
    with submission(site, user) as client:
        send(client, user, user['address'])
    assert letter_of(site, user, 'Your account can send again')


def test_held_mail_can_be_dropped(contained):
    site = contained
    user = new_user(site, 'dropped')
    with submission(site, user) as client:
        send(client, user, 'temperror@outside.test')
    wait_for(lambda: site.instance.cli('queue', 'list', '--from', user['address'])['jobs'])
    site.instance.cli('user', 'sending', user['address'], 'stop')
    wait_for(lambda: waiting(site, user, 'held'))
    assert site.instance.cli('--yes', 'user', 'sending', user['address'], 'allow', '--drop')['held'] == 1
    wait_for(lambda: not site.instance.cli('queue', 'list', '--from', user['address'])['jobs'])


def test_what_an_administrator_holds_by_hand_is_not_touched(contained):
    site = contained
    user = new_user(site, 'byhand')
    with submission(site, user) as client:
        send(client, user, 'temperror@outside.test', 1)
        send(client, user, 'temperror@outside.test', 2)
    wait_for(lambda: len(site.instance.cli('queue', 'list', '--from', user['address'])['jobs']) == 2)
    first, second = (j['id'] for j in site.instance.cli('queue', 'list', '--from', user['address'])['jobs'])
    site.instance.cli('queue', 'hold', first)
    site.instance.cli('user', 'sending', user['address'], 'stop')
    wait_for(lambda: len(waiting(site, user, 'held')) == 2)
    # Nobody lets go by hand what the containment holds.
    site.instance.cli('queue', 'release', second)
    assert len(waiting(site, user, 'held')) == 2
    assert site.instance.cli('user', 'sending', user['address'], 'allow', '--release')['held'] == 2
    wait_for(lambda: [j['id'] for j in waiting(site, user, 'held')] == [first])
    site.instance.cli('user', 'sending', user['address'], 'stop')
    wait_for(lambda: len(waiting(site, user, 'held')) == 2)
    assert site.instance.cli('--yes', 'user', 'sending', user['address'], 'allow', '--drop')['held'] == 1
    wait_for(lambda: [j['id'] for j in site.instance.cli('queue', 'list', '--from', user['address'])['jobs']] == [first])
    assert [j['id'] for j in waiting(site, user, 'held')] == [first]


def test_isolation_goes_as_far_as_it_says(contained):
    site = contained
    user = new_user(site, 'isolated')
    site.instance.cli('user', 'isolate', user['address'], 'no-external')
    with submission(site, user) as client:
        send(client, user, user['address'])
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            send(client, user, 'somebody@outside.test')
        assert [code for code, _ in caught.value.recipients.values()] == [550]
    letter_of(site, user, 'letter 0')
    site.instance.cli('user', 'isolate', user['address'], 'read-only')
    with site.imap(user) as client:
        with pytest.raises(imaplib.IMAP4.readonly):
            client.select('INBOX')
        assert client.select('INBOX', readonly=True)[0] == 'OK'
    site.instance.cli('user', 'isolate', user['address'], 'no-session')
    with pytest.raises(imaplib.IMAP4.error, match='AUTHENTICATIONFAILED'), site.imap(user):
        pass
    site.instance.cli('user', 'isolate', user['address'], 'none')
    with site.imap(user) as client:
        assert client.select('INBOX')[0] == 'OK'
