"""Who has no account here, and who has one that does not open, are told the same, byte by byte, and cost the server the same work."""
import base64

import pytest

from attacker import DOMAIN, PASSWORD, Caller, Wire

WRONG, NEW = 'zaun-trichter-quelle-birke', 'moos-laterne-winkel-korb'
NAME = 'Balthasar Quittenbaum'


@pytest.fixture(scope='module')
def names(place):
    """Accounts of every state, and one that does not exist: all with the same length of name."""
    for local in ('enum.plain', 'enum.ended', 'enum.multi', 'enum.named'):
        place.add_user(local, name=NAME)
    place.add_user('enum.multy').enrol()
    place.admin.done('user.disable', {'address': f'enum.ended@{DOMAIN}'})
    return [f'enum.{word}@{DOMAIN}' for word in ('plain', 'ended', 'multy', 'none1', 'none2')] + [f'info@{DOMAIN}', f'office@{DOMAIN}', f'auditor@{DOMAIN}']


def same(answers):
    first = next(iter(answers.values()))
    assert all(answer == first for answer in answers.values()), answers


CALLS = [
    ('session.start', {'password': WRONG}), ('session.start', {'password': ''}), ('session.start', {'password': 'x' * 2000}),
    ('session.start', {'password': WRONG, 'factor': 'totp'}), ('session.start', {'password': WRONG, 'proof': {'kind': 'totp', 'code': '000000'}}),
    ('user.passwd', {'old': WRONG, 'new': NEW}), ('user.passwd', {'old': WRONG, 'new': 'short'}), ('user.passwd', {'old': WRONG, 'new': NAME}),
    ('user.reset', {'recovery_code': 'x', 'new': NEW}), ('user.reset', {'recovery_code': 'x', 'new': NAME}), ('user.reset', {'new': NEW}),
    ('user.reset', {'new': NEW, 'lose_mail': True}), ('user.app_password.add', {'password': WRONG}), ('user.managed.add', {'password': WRONG}),
    ('escrow.reset_ask', {'new': NEW}), ('escrow.reset_ask', {'new': NAME}), ('user.show', {}), ('session.list', {}), ('factor.list', {}),
]


@pytest.mark.parametrize('operation, args', CALLS, ids=[f'{i}-{op}' for i, (op, _) in enumerate(CALLS)])
def test_strangers_are_told_the_same(place, names, operation, args):
    caller = Caller(place)
    same({name: caller.call(operation, {'address': name, **args}).text() for name in names})


@pytest.mark.parametrize('operation', ['user.show', 'session.list', 'user.app_password.list', 'user.set', 'grant.add', 'escrow.hand_over_ask'])
def test_users_are_told_the_same(place, names, operation):
    caller = place.people['wang.lei'].sign_in()
    args = {'grant.add': {'role': 'secretary', 'reason': 'x'}, 'escrow.hand_over_ask': {'target': names[0], 'reason': 'x'}}.get(operation, {})
    same({name: caller.call(operation, {'address': name, **args}).text() for name in names})


def imap_login(place, name, password):
    with Wire(place.ports['imaps'], place.tls(), timeout=60) as wire:
        wire.line()
        return wire.tagged('a', f'LOGIN {name} {password}')


def imap_plain(place, name, password):
    with Wire(place.ports['imaps'], place.tls(), timeout=60) as wire:
        wire.line()
        return wire.tagged('a', 'AUTHENTICATE PLAIN ' + base64.b64encode(f'\0{name}\0{password}'.encode()).decode())


def imap_scram(place, name, password):
    """The first answer of SCRAM has salt and iterations: of the same form for everybody, and the same again when asked again."""
    found = []
    for _ in range(2):
        with Wire(place.ports['imaps'], place.tls(), timeout=60) as wire:
            wire.line()
            wire.send('a AUTHENTICATE SCRAM-SHA-256\r\n')
            wire.line()
            wire.send(base64.b64encode(f'n,,n={name},r=abcdefghijklmnop'.encode()) + b'\r\n')
            said = wire.line()
            assert said.startswith(b'+ '), said
            values = dict(x.split('=', 1) for x in base64.b64decode(said[2:]).decode().split(','))
            found.append((values['s'], values['i']))
    assert found[0] == found[1]
    return len(found[0][0]), found[0][1]


def pop3_login(place, name, password):
    with Wire(place.ports['pop3s'], place.tls(), timeout=60) as wire:
        wire.line()
        wire.send(f'USER {name}\r\n')
        first = wire.line()
        wire.send(f'PASS {password}\r\n')
        return first, wire.line()


def smtp_plain(place, name, password):
    with Wire(place.ports['submissions'], place.tls(), timeout=60) as wire:
        wire.reply()
        wire.say('EHLO x.test')
        return wire.say('AUTH PLAIN ' + base64.b64encode(f'\0{name}\0{password}'.encode()).decode())


@pytest.mark.parametrize('door', [imap_login, imap_plain, imap_scram, pop3_login, smtp_plain], ids=lambda d: d.__name__)
def test_mail_protocols_say_the_same(place, names, door):
    same({name: door(place, name, WRONG) for name in names})


@pytest.mark.parametrize('door', [imap_login, pop3_login, smtp_plain], ids=lambda d: d.__name__)
def test_the_right_password_beside_a_factor_or_of_who_is_disabled_says_nothing(place, names, door):
    wrong = door(place, names[0], WRONG)
    for name in (f'enum.ended@{DOMAIN}', f'enum.multy@{DOMAIN}'):
        assert door(place, name, PASSWORD) == wrong


def test_recipients_are_refused_alike(place):
    """Port 25 has to say who gets mail; it does not say who else there is behind the names."""
    with Wire(place.ports['smtp'], timeout=60) as wire:
        wire.reply()
        wire.say('EHLO mx.outside.test')
        wire.say('MAIL FROM:<stranger@outside.test>')
        same({name: wire.say(f'RCPT TO:<{name}@{DOMAIN}>')[0] for name in ('enum.none1', 'enum.none2', 'nobody.x')})
        for command in ('VRFY maria.rossi', 'EXPN info'):
            code, lines = wire.say(command)
            assert code in (252, 500, 502, 550) and b'rossi@' not in b''.join(lines)
