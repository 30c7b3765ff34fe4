"""Tokens and sessions: of others, damaged, ended, used for what they are not for; and requests that a second reader reads differently."""
import base64
import json
import uuid

import pytest

from attacker import DOMAIN, PASSWORD, Caller, Person
from sieve_client import Refused, Sieve

NEW = 'zaun-trichter-quelle-birke'


@pytest.fixture(scope='module')
def person(place):
    return place.add_user('token.owner')


def refused(place, token, address):
    return Caller(place, token).call('user.show', {'address': address}).code == 'sign_in'


def encode(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b'=').decode()


def test_damaged_tokens_are_nothing(place, person):
    token = person.sign_in().token
    body = token[4:]
    flipped = [token[:i] + ('A' if token[i] != 'A' else 'B') + token[i + 1:] for i in range(len(token))]
    others = [token[:-1], token + 'A', token + '=', token.upper(), token[4:], 'll2-' + body, 'll1-' + body[::-1], 'll1-' + 'A' * len(body), 'll1-',
              token.replace('-', '_', 1), 'll1-' + body[:-1] + '=']
    assert [bad for bad in flipped + others if bad != token and not refused(place, bad, person.address)] == []
    assert not refused(place, token, person.address)


def test_tokens_without_signature_or_with_a_key_of_another_kind(place, person):
    """There is no such format here: whatever it claims, it is nobody."""
    claims = {'sub': person.address, 'email': person.address, 'iss': f'https://mail.{DOMAIN}', 'aud': 'letterlock', 'exp': 4102444800, 'scope': 'imap api:account.see'}
    with open(place.instance.path('ca.pem'), 'rb') as f:
        public = f.read()
    import hmac
    for header in ({'alg': 'none'}, {'alg': 'None', 'typ': 'JWT'}, {'alg': 'HS256', 'typ': 'JWT'}, {'alg': 'HS256', 'jwk': {'kty': 'oct', 'k': ''}},
                   {'alg': 'ES256', 'kid': '../../dev/null'}, {'alg': 'RS256', 'x5u': 'https://evil.example'}):
        signed = f'{encode(header)}.{encode(claims)}'
        for signature in (b'', hmac.digest(public, signed.encode(), 'sha256'), b'\0' * 64):
            assert refused(place, f'{signed}.{encode(signature)}', person.address)


def test_a_token_is_not_another_persons(place, person):
    caller = person.sign_in()
    for address in (f'maria.rossi@{DOMAIN}', f'admin@{DOMAIN}'):
        for operation in ('user.show', 'session.list', 'factor.list', 'user.app_password.list', 'access.list', 'session.sign_out'):
            assert caller.call(operation, {'address': address}).code == 'denied'
    mine = caller.done('session.list', {'address': person.address})['sessions']
    theirs = place.people['maria.rossi'].sign_in().done('session.list', {'address': f'maria.rossi@{DOMAIN}'})['sessions']
    assert not {s['id'] for s in mine} & {s['id'] for s in theirs}
    # The number of somebody else's session with the own address ends nothing.
    assert caller.call('session.sign_out', {'address': person.address, 'id': theirs[0]['id']}).code == 'not_found'


def test_nothing_outlives_what_ends_it(place):
    """Signing out, a new password, being disabled: sessions and tokens are over at once, and stay so."""
    person = place.add_user('token.ended')
    session = person.sign_in()
    session.done('session.end')
    assert refused(place, session.token, person.address)
    session = person.sign_in()
    token = session.done('token.add', {'label': 'x', 'days': 1})['token']
    assert not refused(place, token, person.address)
    Caller(place).done('user.passwd', {'address': person.address, 'old': PASSWORD, 'new': NEW})
    person.password = NEW
    assert refused(place, session.token, person.address) and refused(place, token, person.address)
    session = person.sign_in()
    place.admin.done('user.disable', {'address': person.address})
    assert refused(place, session.token, person.address)
    place.admin.done('user.enable', {'address': person.address})
    session = person.sign_in()
    session.done('session.sign_out', {'address': person.address})
    assert refused(place, session.token, person.address)


def test_nobody_chooses_the_session_of_another(place, person):
    """Signing in with a token at hand gives a new one; the old stays whose it was."""
    mine = place.people['wang.lei'].sign_in()
    answer = mine.call('session.start', {'address': person.address, 'password': person.password})
    assert answer.json['token'] != mine.token
    assert mine.call('user.show', {'address': person.address}).code == 'denied'
    again = Caller(place, answer.json['token']).call('session.start', {'address': person.address, 'password': person.password})
    assert again.json['token'] != answer.json['token'] and again.json['session'] != answer.json['session']
    fixed = Caller(place, answer.json['token']).call('session.start', {'address': person.address, 'password': person.password, 'token': answer.json['token']})
    assert fixed.status == 400


def test_a_limited_token_does_what_it_was_made_for(place):
    admin = place.people['admin'].sign_in()
    token = Caller(place, admin.done('token.add', {'label': 'metrics', 'days': 1, 'rights': ['metrics.see']})['token'])
    assert token.call('metrics').status == 200
    for operation, args in (('user.list', {}), ('token.add', {'label': 'x'}), ('session.step_up', {'proof': {'kind': 'totp', 'code': '000000'}}),
                            ('session.list', {'address': f'admin@{DOMAIN}'}), ('session.sign_out', {'address': f'admin@{DOMAIN}'}),
                            ('factor.totp.begin', {}), ('factor.remove', {'id': 1}), ('recovery.make', {}), ('oauth.token', {'scope': 'imap'})):
        assert token.call(operation, args).code in ('denied', 'sign_in'), operation
    for rights in (['everything'], ['metrics.see', ''], ['METRICS.SEE']):
        assert admin.call('token.add', {'label': 'x', 'days': 1, 'rights': rights}).code == 'invalid'


def test_mail_tokens_are_no_sessions(place, person):
    token = person.sign_in().done('oauth.token', {'scope': 'imap'})['token']
    caller = Caller(place, token)
    for operation, args in (('user.show', {'address': person.address}), ('token.add', {'label': 'x', 'days': 1}), ('oauth.token', {'scope': 'smtp'}),
                            ('session.list', {'address': person.address}), ('factor.totp.begin', {})):
        assert caller.call(operation, args).code in ('denied', 'sign_in'), operation


@pytest.mark.parametrize('path', ['?token={}', '?access_token={}', '?authorization=Bearer%20{}', ';token={}', '#token={}'])
def test_a_token_in_the_address_is_not_looked_at(place, path):
    token = place.people['admin'].sign_in().token
    answer = Caller(place).ask('GET', '/api/v1/user.list' + path.format(token))
    assert answer.status in (400, 401, 404)
    assert token not in place.log()


@pytest.mark.parametrize('header', [{'Cookie': 'token={}'}, {'Cookie': 'session={}'}, {'X-Authorization': 'Bearer {}'}, {'Authorization': 'Basic {}'},
                                    {'Authorization': '{}'}, {'Proxy-Authorization': 'Bearer {}'}])
def test_a_token_elsewhere_is_not_looked_at(place, person, header):
    token = person.sign_in().token
    answer = Caller(place).ask('GET', f'/api/v1/user.show?address={person.address}', headers={k: v.format(token) for k, v in header.items()})
    assert answer.status in (400, 401), answer


def test_a_key_of_one_person_tells_another_nothing(place):
    """Idempotency-Key: whoever repeats somebody else's key gets the own answer."""
    key = {'Idempotency-Key': uuid.uuid4().hex}
    args = {'address': f'{uuid.uuid4().hex[:12]}@{DOMAIN}', 'target': f'wang.lei@{DOMAIN}'}
    admin = place.people['admin'].sign_in()
    assert admin.call('alias.add', args, key).status == 200
    assert place.people['wang.lei'].sign_in().call('alias.add', args, key).code == 'denied'
    assert Caller(place).call('alias.add', args, key).code == 'sign_in'
    assert admin.call('alias.add', args, key).status == 200


SMUGGLED = 'POST /api/v1/user.list HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\nContent-Length: 2\r\n\r\n{{}}'


@pytest.mark.parametrize('head', [
    'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', 'Content-Length: +0\r\n',
    'Content-Length: 0x0\r\n', 'Content-Length: 0,0\r\n', 'Transfer-Encoding : chunked\r\n', 'Transfer-Encoding: \x0bchunked\r\n',
    'X: a\r\n Content-Length: 0\r\n', 'Content-Length:\r\n', 'Content-Length: -1\r\n',
])
def test_no_request_hides_in_another(place, head):
    from web import Web
    token = place.people['admin'].sign_in().token
    request = f'POST /api/v1/role.rights HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n' + SMUGGLED.format(token)
    out = Web(place).raw(request.encode('latin-1'))
    assert out.count(b'HTTP/1.1 ') == 1 and out.split()[1] in (b'400', b'501'), out[:300]
    assert b'"users"' not in out


def test_a_provisional_password_is_no_way_into_the_mail_of_before(place):
    """A reset by the administrator opens an empty account: what was there is gone, not his."""
    person = place.add_user('token.reset')
    place.deliver(person.address, b'Subject: before the reset\r\n\r\nsecret\r\n')
    place.find({'address': person.address, 'password': PASSWORD}, 'before the reset')
    place.admin.done('user.reset', {'address': person.address, 'new': NEW, 'lose_mail': True})
    again = Person(place, address=person.address, password=NEW)
    assert again.start().status == 200
    with place.imap({'address': person.address, 'password': NEW}) as client:
        client.select('INBOX', readonly=True)
        numbers = client.search(None, 'ALL')[1][0].split()
        for number in numbers:
            assert b'secret' not in b''.join(p[1] for p in client.fetch(number, '(BODY.PEEK[])')[1] if isinstance(p, tuple))


def test_a_token_opens_filters_only_where_its_scope_says_so(place, person):
    session = person.sign_in()
    bearer = [base64.b64encode(f'n,a={person.address},\x01auth=Bearer {session.done("oauth.token", {"scope": scope})["token"]}\x01\x01'.encode()).decode()
              for scope in ('sieve', 'imap')]
    with Sieve(place) as sieve:
        sieve.socket.sendall(f'AUTHENTICATE "OAUTHBEARER" "{bearer[1]}"\r\n'.encode())
        assert 'status' in base64.b64decode(sieve.read_line().strip('"')).decode()  # RFC 7628 3.2.2: why, and one empty answer
        with pytest.raises(Refused):
            sieve.command('"AQ=="')
    with Sieve(place) as sieve:
        sieve.command(f'AUTHENTICATE "OAUTHBEARER" "{bearer[0]}"')
        sieve.command('LISTSCRIPTS')
