"""Scripts of people: stored over ManageSieve, run at delivery."""
import pytest

from conftest import end_site, make_site
from mail import letter, mark
from sieve_client import Refused, Sieve
from web import sign_in


@pytest.fixture(scope='module')
def site():
    made = make_site()
    yield made
    end_site(made)


def put(site, user, script):
    with Sieve(site, user) as sieve:
        sieve.put('main', script)


def deliver(site, user, body='Hello.\r\n', extra='', sender='stranger@outside.test'):
    subject = mark()
    site.deliver([user['address']], letter(sender, user['address'], subject, body, extra), sender=sender)
    return subject


def test_nobody_signs_in_without_tls(site):
    user = site.user('chen.yu')
    with Sieve(site, starttls=False) as sieve:
        assert any(line.startswith('"STARTTLS"') for line in sieve.capabilities)
        assert '"SASL" ""' in sieve.capabilities
        with pytest.raises(Refused, match='ENCRYPT-NEEDED'):
            sieve.command('AUTHENTICATE "PLAIN" "AGEAYg=="')
    with Sieve(site) as sieve:
        with pytest.raises(Refused):
            sieve.command('LISTSCRIPTS')
    with pytest.raises(Refused):
        Sieve(site, {**user, 'password': 'wrong'})


def test_scripts_are_stored_listed_and_renamed(site):
    user = site.user('chen.yu')
    with Sieve(site, user) as sieve:
        assert any(line.startswith('"SIEVE" "fileinto') for line in sieve.capabilities)
        sieve.put('one', 'keep;', active=False)
        with pytest.raises(Refused, match='line 1, column 1: there is no command'):
            sieve.put('broken', 'frob;')
        sieve.command('SETACTIVE "one"')
        assert sieve.command('LISTSCRIPTS') == ['"one" ACTIVE']
        with pytest.raises(Refused, match='ACTIVE'):
            sieve.command('DELETESCRIPT "one"')
        sieve.command('RENAMESCRIPT "one" "eins"')
        assert sieve.command('GETSCRIPT "eins"') == ['keep;']
        with pytest.raises(Refused, match='NONEXISTENT'):
            sieve.command('GETSCRIPT "one"')
        with pytest.raises(Refused, match='QUOTA/MAXSIZE'):
            sieve.command('HAVESPACE "big" 999999999')
        sieve.command('SETACTIVE ""')
        sieve.command('DELETESCRIPT "eins"')
        assert sieve.command('LISTSCRIPTS') == []
        sieve.command('UNAUTHENTICATE')
        with pytest.raises(Refused):
            sieve.command('LISTSCRIPTS')


def test_owners_keep_their_scripts_without_managesieve_and_others_see_no_words(site):
    user, mine = site.user('james.carter'), None
    api = sign_in(site, user)
    mine = {'address': user['address']}
    assert api.done('sieve.check', {'script': 'keep;'}) == {'valid': True, 'problem': ''}
    assert 'line 1' in api.done('sieve.check', {'script': 'frob;'})['problem']
    assert api.call('sieve.put', {**mine, 'name': 'main', 'script': 'frob;'}).code == 'invalid'
    api.done('sieve.put', {**mine, 'name': 'secret plan', 'script': 'require "fileinto"; fileinto "Archive";'})
    api.done('sieve.activate', {**mine, 'name': 'secret plan'})
    assert [(s['name'], s['active']) for s in api.done('sieve.list', mine)['scripts']] == [('secret plan', True)]
    assert 'Archive' in api.done('sieve.show', {**mine, 'name': 'secret plan'})['script']
    with Sieve(site, user) as sieve:
        assert sieve.command('LISTSCRIPTS') == ['"secret plan" ACTIVE']
    site.find(user, deliver(site, user), 'Archive')
    assert api.call('sieve.remove', {**mine, 'name': 'secret plan'}).code == 'active'
    # The administrator sees that there is one, and may stop it.
    code, shown, _ = site.instance.cli('user', 'sieve', 'show', user['address'], 'secret plan', check=False)
    assert code == 5 and 'Archive' not in str(shown)
    listed = site.instance.cli('user', 'sieve', 'list', user['address'])['scripts']
    assert [s['active'] for s in listed] == [True] and listed[0]['bytes'] > 0 and 'secret' not in str(listed)
    site.instance.cli('user', 'sieve', 'deactivate', user['address'])
    site.find(user, deliver(site, user), 'INBOX')
    api.done('sieve.remove', {**mine, 'name': 'secret plan'})
    assert api.done('sieve.list', mine)['scripts'] == []


def test_mail_is_filed_and_flagged(site):
    user = site.user('chen.yu')
    put(site, user, 'require ["fileinto", "imap4flags", "mailbox"];\r\n'
        'if header :contains "x-kind" "work" { addflag "\\\\Flagged"; fileinto :create "Work/Here"; }\r\n'
        'elsif header :contains "x-kind" "none" { discard; }\r\n')
    filed, kept = deliver(site, user, extra='X-Kind: work\r\n'), deliver(site, user)
    discarded = deliver(site, user, extra='X-Kind: none\r\n')
    site.find(user, kept)
    site.find(user, filed, 'Work/Here')
    with site.imap(user) as client:
        client.select('"Work/Here"', readonly=True)
        assert client.search(None, 'FLAGGED', 'SUBJECT', f'"{filed}"')[1][0].split()
        client.select('INBOX', readonly=True)
        assert not client.search(None, 'SUBJECT', f'"{discarded}"')[1][0].split()
        assert not client.search(None, 'SUBJECT', f'"{filed}"')[1][0].split()


def test_mail_is_redirected_within_the_house_and_not_beyond(site):
    user, other = site.user('wang.lei'), site.user('chen.yu')
    put(site, other, 'keep;')
    put(site, user, f'if header :contains "x-kind" "in" {{ redirect "{other["address"]}"; }} else {{ redirect "far@outside.test"; }}')
    inside = deliver(site, user, extra='X-Kind: in\r\n')
    raw = site.find(other, inside)[0]
    assert f'Delivered-To: {user["address"]}'.encode() in raw
    stays = deliver(site, user)
    site.find(user, stays)


def test_a_letter_is_refused_with_the_words_of_its_recipient(site):
    user = site.user('wang.lei')
    put(site, user, 'require "ereject"; ereject "Not today, please.";')
    with site.smtp() as client:
        client.ehlo()
        client.mail('stranger@outside.test')
        client.rcpt(user['address'])
        code, text = client.data(letter('stranger@outside.test', user['address'], mark()))
    assert code == 550 and b'Not today' in text


def test_an_absent_owner_answers_once(site):
    user, other = site.user('wang.lei'), site.user('chen.yu')
    put(site, other, 'keep;')
    put(site, user, 'require "vacation"; vacation :subject "I am away" "Back on Monday.";')
    first = mark()
    site.send(other, [user['address']], letter(other['address'], user['address'], first))
    site.find(user, first)
    assert b'Auto-Submitted: auto-replied' in site.find(other, 'I am away')[0]
    second = mark()
    site.send(other, [user['address']], letter(other['address'], user['address'], second))
    site.find(user, second)
    assert len(site.find(other, 'I am away')) == 1


def test_a_broken_script_loses_nothing(site):
    user = site.user('wang.lei')
    put(site, user, 'require "include"; include "missing"; discard;')
    site.find(user, deliver(site, user))
    with Sieve(site, user) as sieve:
        sieve.command('SETACTIVE ""')
    site.find(user, deliver(site, user))
