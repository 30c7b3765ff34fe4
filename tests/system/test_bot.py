"""A user who suddenly sends like a bot loses the right to send, by itself: what waits is held, sessions go on, one command gives the right back."""
import contextlib
import smtplib

import pytest

from conftest import end_site, make_site
from test_contain import send, submission, waiting
from test_notices import letter_of, wait_for
from test_revoke import new_user

SIGNS = {'contain.automatic': 'yes', 'contain.outside': '5', 'contain.strangers': '5', 'contain.messages': '5'}


@pytest.fixture(scope='module')
def watched():
    made = make_site({'auth': {'failure_delay': '0s'}, 'limits': {'messages_per_minute': 10}, **SIGNS}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


def spray(client, user, count):
    """Until it is refused; the number of letters that were taken."""
    for number in range(count):
        try:
            send(client, user, 'temperror@outside.test' if number == 0 else f'victim{number}@outside.test', number)
        except smtplib.SMTPException as error:
            return number, error
    return count, None


def test_a_bot_is_stopped_and_its_owner_goes_on_reading(watched):
    site = watched
    user, other = new_user(site, 'hijacked'), new_user(site, 'colleague')
    with submission(site, user) as client:
        taken, error = spray(client, user, 10)
        assert 5 <= taken < 10 and error.smtp_code == 550 and b'suspended' in error.smtp_error
    wait_for(lambda: waiting(site, user, 'held'))
    shown = site.instance.cli('user', 'show', user['address'])
    assert shown['restriction'] == 'no-sending' and shown['restriction_author'] == 'letterlock'
    assert 'many recipients it never wrote to' in shown['restriction_reason']
    told = letter_of(site, user, 'Sending from your account is suspended')
    assert 'many recipients in other organisations' in told.get_content()
    with submission(site, other) as client:
        send(client, other, other['address'])
    with submission(site, user) as client, pytest.raises(smtplib.SMTPSenderRefused):
        send(client, user, other['address'])
    assert site.instance.cli('user', 'sending', user['address'], 'allow', '--release')['held'] >= 1
    with submission(site, user) as client:
        send(client, user, other['address'], 99)
    letter_of(site, other, 'letter 99')


def test_messages_of_a_minute_are_limited_for_each_user(watched):
    site = watched
    user, other = new_user(site, 'eager'), new_user(site, 'patient')
    with submission(site, user) as client:
        client.ehlo()
        for number in range(10):
            assert client.mail(user['address'])[0] == 250, number
            client.rset()
        code, text = client.mail(user['address'])
        assert code == 451 and text.startswith(b'4.7.1')
        with contextlib.suppress(smtplib.SMTPException):
            client.rset()
    with submission(site, other) as client:
        assert client.mail(other['address'])[0] == 250
