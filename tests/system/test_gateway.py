"""The gateway in front of another server: who exists there, who guesses, what is told when nobody can be asked."""
import os
import smtplib

import pytest

from conftest import end_site, make_site
from far import Far
from mail import HOST, Wire, letter, mark
from test_ldap import BASE, Slapd, person
from test_smarthost import wait_for

CALLED, LOOKED_UP, LISTED = 'called.test', 'lookedup.test', 'listed.test'
GUESSES = 6


@pytest.fixture(scope='module')
def far():
    made = Far(known={'ann', 'bob', 'zoe'})
    yield made
    made.close()


@pytest.fixture(scope='module')
def slapd():
    made = Slapd()
    made.add(f'dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n'
             f'dn: cn=service,{BASE}\nobjectClass: person\ncn: service\nsn: service\nuserPassword: service-secret\n')
    made.add(person('ann', 'x').replace('@demo.test', '@' + LOOKED_UP))
    yield made
    made.close()


@pytest.fixture(scope='module')
def site(far, slapd, tmp_path_factory):
    folder = tmp_path_factory.mktemp('gateway')
    secret = folder / 'secret'
    secret.write_text('service-secret\n')
    for path in (secret, *secret.parents[:3]):
        os.chmod(path, 0o755)
    made = make_site(options={'limits.unknown_recipients': str(GUESSES), 'xclient_from': [HOST], 'gateway.verify_time': '30s',
                              'ldap': {'url': slapd.url, 'base': BASE, 'bind': f'cn=service,{BASE}', 'password_file': str(secret)}}, seed=False)
    cli = made.instance.cli
    cli('domain', 'add', CALLED, '--relay', f'{HOST}:{far.port}', '--verify', 'call')
    cli('domain', 'add', LOOKED_UP, '--relay', f'{HOST}:{far.port}', '--verify', 'ldap')
    cli('domain', 'add', LISTED, '--relay', f'{HOST}:{far.port}', '--verify', 'list')
    cli('domain', 'recipients', 'add', f'vip@{CALLED}')
    yield made
    end_site(made)


def rcpt(site, to, client='192.0.2.1'):
    """Code and text that RCPT is answered, for a client of this address."""
    with Wire(site.ports['smtp'], timeout=60) as wire:
        assert wire.reply()[0] == 220
        assert wire.say('EHLO proxy.test')[0] == 250
        assert wire.say(f'XCLIENT ADDR={client}')[0] == 220
        assert wire.say('EHLO client.test')[0] == 250
        assert wire.say('MAIL FROM:<stranger@outside.test>')[0] == 250
        code, lines = wire.say(f'RCPT TO:<{to}>')
        return code, lines[-1]


def test_the_server_behind_is_asked_once_over_one_connection(site, far):
    before, sessions = far.count('RCPT'), len(far.sessions)
    assert rcpt(site, f'ann@{CALLED}')[0] == 250
    code, said = rcpt(site, f'nobody1@{CALLED}')
    assert code == 550 and b'5.1.1' in said
    asked = [line for s in far.sessions[sessions:] for line in s.lines]
    assert 'MAIL FROM:<>' in asked and not any(line.startswith('DATA') for line in asked)
    assert far.count('RCPT') == before + 2
    # From memory, in any spelling.
    assert rcpt(site, f'ANN@{CALLED.upper()}')[0] == 250 and rcpt(site, f'nobody1@{CALLED}')[0] == 550
    assert far.count('RCPT') == before + 2 and len(far.sessions) <= sessions + 2


def test_a_letter_to_a_called_address_arrives(site, far):
    text = mark()
    site.deliver([f'bob@{CALLED}'], letter('stranger@outside.test', f'bob@{CALLED}', text))
    assert far.has(text)[1] == [f'bob@{CALLED}']


def test_the_list_comes_first(site, far):
    before = far.count('RCPT')
    assert rcpt(site, f'vip@{CALLED}')[0] == 250 and rcpt(site, f'postmaster@{CALLED}')[0] == 250
    assert far.count('RCPT') == before


def test_a_refusal_of_us_is_no_answer(site, far):
    for verb, answer in (('RCPT', b'550 5.7.1 not from you\r\n'), ('MAIL', b'550 5.1.1 go away\r\n'), ('EHLO', b'554 5.7.1 no\r\n'), ('RCPT', b'421 4.3.2 later\r\n')):
        far.answers = {verb: answer}
        code, said = rcpt(site, f'zoe@{CALLED}')
        assert code == 451 and b'4.4.1' in said, verb
    far.answers = {}
    assert rcpt(site, f'zoe@{CALLED}')[0] == 250


def test_the_ldap_directory_is_asked(site, far):
    before = far.count('RCPT')
    assert rcpt(site, f'ann@{LOOKED_UP}')[0] == 250 and rcpt(site, f'Ann+news@{LOOKED_UP}')[0] == 250
    assert rcpt(site, f'nobody@{LOOKED_UP}')[0] == 550 and rcpt(site, f'*@{LOOKED_UP}')[0] == 550
    assert far.count('RCPT') == before


def test_who_guesses_has_to_wait_and_others_do_not(site):
    codes = [rcpt(site, f'guess{n}@{LISTED}', '192.0.2.66')[0] for n in range(GUESSES + 2)]
    assert codes == [550] * GUESSES + [451, 451]
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.66')[0] == 451
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.67')[0] == 250
    wait_for(lambda: site.instance.cli('audit', 'list', '--event', 'smtp.harvest')['records'])


def test_nobody_can_be_asked(site, far):
    """Last: the server behind goes away."""
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.9')[0] == 250
    far.close()
    assert rcpt(site, f'ann@{CALLED}', '192.0.2.9')[0] == 250
    code, said = rcpt(site, f'stranger@{CALLED}', '192.0.2.9')
    assert code == 451 and b'4.4.1' in said
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        site.deliver([f'other@{CALLED}'], letter('stranger@outside.test', f'other@{CALLED}', mark()))
