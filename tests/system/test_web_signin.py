"""Signing in at the web: cookies, steps, lock, proof of work, self-service, one-time links."""
import json
import secrets
import socket

import pytest

from authenticator import Authenticator, totp
from browser import Browser, solve
from conftest import end_site, make_site
from web import Web

PASSWORD = 'schiff-laterne-wolke-garten'


@pytest.fixture(scope='module')
def place():
    made = make_site({'web': {'links': 'yes', 'plain_loopback': 'yes', 'work_bits': '8', 'personas': ['user http://localhost:1/persona 王磊 W']},
                      'auth.failure_delay': '10ms', 'limits.logins_per_minute': '0', 'limits.failures_before_work': '0', 'auth.hash_time': '0'}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)


@pytest.fixture
def person(place):
    """Somebody with a password of his own."""
    return make_person(place)


def make_person(place, own=True):
    address = f'p{secrets.token_hex(6)}@demo.test'
    assert local_call(place, 'user.add', {'address': address, 'name': '王磊', 'password': PASSWORD})['status'] == 0
    if own:
        assert local_call(place, 'user.passwd', {'address': address, 'old': PASSWORD, 'new': PASSWORD + '-own'})['status'] == 0
    return {'address': address, 'password': PASSWORD + ('-own' if own else '')}


def local_call(place, op, args):
    """As the local user at the administrative socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(place.instance.path('run', 'admin.sock'))
        s.sendall(json.dumps({'op': op, 'args': args}).encode() + b'\n')
        return json.loads(s.makefile().readline())


@pytest.fixture
def browser(place):
    return Browser(place)


@pytest.fixture(params=[False, True], ids=['https', 'localhost'])
def either(place, request):
    return Browser(place, plain=request.param)


# ---- who am I, in and out ----

def test_nobody_is_signed_in_at_first(either):
    said = either.who()
    assert said['signed_in'] is False and set(said) == {'signed_in', 'policy'}
    assert said['policy']['work'] == 'after_failures' and said['policy']['keyboard'] == 'off' and said['policy']['lock_after'] == 600
    assert bool(said['policy']['personas']) is either.plain


def test_signing_in_and_out(either, person):
    answer = either.start(person)
    said = answer.json()
    assert answer.status == 200 and said['signed_in'] and said['address'] == person['address'] and said['name'] == '王磊'
    assert said['role'] == 'user' and 'mail.view' in said['rights'] and not said['locked'] and not said['must_change_password']
    assert 'token' not in answer.body.decode() and either.token not in answer.body.decode()
    assert either.who()['session'] == said['session']
    kept = either.token
    assert either.ask('DELETE', '/api/session').status == 204 and either.token is None
    either.cookies[either.prefix() + 'letterlock'] = kept
    assert either.who()['signed_in'] is False
    assert either.token is None, 'a cookie that opens nothing is taken back'


def test_the_cookie_is_kept_from_scripts_and_other_sites(either, person):
    line, = either.start(person).headers.get_all('Set-Cookie')
    name, *attributes = line.split('; ')
    assert name.startswith(either.prefix() + 'letterlock=ll1-')
    assert {'Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict'} == set(attributes)


def test_wrong_names_and_wrong_passwords_look_the_same(browser, person):
    problems = []
    for who in ({**person, 'password': 'zaun-trichter-quelle'}, {**person, 'address': f'nobody{secrets.token_hex(4)}@demo.test'}):
        answer = browser.start(who)
        problem = answer.json()
        problem.pop('cid')
        problems.append((answer.status, problem))
        assert browser.token is None
    assert problems[0] == problems[1] and problems[0][0] == 401 and problems[0][1]['code'] == 'password'


def test_every_sign_in_is_a_session_of_its_own(browser, person):
    first = browser.sign_in(person).token
    second = browser.sign_in(person).token
    assert first != second
    browser.cookies[browser.prefix() + 'letterlock'] = first
    assert browser.who()['signed_in'] is False, 'who signs in again has left the former session'


def test_a_provisional_password_is_changed_first(browser, place):
    person = make_person(place, own=False)
    assert browser.start(person).json()['must_change_password'] is True
    refused = browser.call('session.list', address=person['address'])
    assert (refused.status, refused.code) == (403, 'password_change')
    browser.done('user.passwd', address=person['address'], old=person['password'], new=PASSWORD + '-next')
    assert browser.who()['signed_in'] is False
    assert browser.start({**person, 'password': PASSWORD + '-next'}).json()['must_change_password'] is False


# ---- second factors ----

def test_a_second_step_by_digits_and_by_recovery_codes(browser, person):
    browser.sign_in(person)
    begun = browser.done('factor.totp.begin', label='phone')
    assert begun['qr'].startswith('<svg') or '<svg' in begun['qr']
    browser.done('factor.totp.confirm', id=begun['id'], code=totp(begun['secret']))
    codes = browser.done('factor.codes.make')['codes']
    other = Browser(browser.site, browser.plain)
    asked = other.start(person)
    assert (asked.status, asked.code) == (403, 'factor_needed') and set(asked.json()['factors']) == {'totp', 'codes'}
    assert other.token is None
    wrong = other.start(person, proof={'kind': 'totp', 'code': '000000'})
    assert (wrong.status, wrong.code) == (403, 'factor') and other.token is None
    right = other.start(person, proof={'kind': 'codes', 'code': codes[0]})
    assert right.status == 200 and right.json()['second_factor'] is True and other.token
    again = Browser(browser.site, browser.plain).start(person, proof={'kind': 'codes', 'code': codes[0]})
    assert again.code == 'factor'


def test_a_passkey_signs_in_alone_and_unlocks(place, person):
    browser = Browser(place)
    key = Authenticator()
    browser.sign_in(person)
    begun = browser.done('factor.webauthn.begin')
    assert begun['rp_id'] == 'mail.demo.test' and browser.who()['policy']['passkeys'] is True
    made = browser.done('factor.webauthn.confirm', label='key', **key.register(begun, browser.origin, with_prf=True))
    assert made['passwordless'] is True
    other = Browser(place)
    challenge = other.ask('POST', '/api/session/passkey', {}).json()
    answer = other.ask('POST', '/api/session', {'passkey': key.sign(challenge, other.origin, with_prf=True)})
    assert answer.status == 200 and answer.json()['address'] == person['address'] and answer.json()['second_factor'] is True
    assert other.ask('POST', '/api/session/lock', {}).status == 204
    asked = other.ask('POST', '/api/session/unlock', {'factor': 'webauthn'})
    assert (asked.status, asked.code) == (403, 'factor_needed')
    assert other.who()['locked'] is True
    proof = key.sign(asked.json()['challenge'], other.origin)
    assert other.ask('POST', '/api/session/unlock', {'proof': proof}).json()['locked'] is False


def test_a_key_is_bound_to_the_page_that_asks(place, person):
    browser = Browser(place).sign_in(person)
    begun = browser.done('factor.webauthn.begin', origin='https://evil.example')
    refused = browser.call('factor.webauthn.confirm', **Authenticator().register(begun, 'https://evil.example'), origin='https://evil.example')
    assert (refused.status, refused.code) == (403, 'factor')


def test_who_must_have_a_factor_registers_one_first(place):
    person = make_person(place)
    admin = place.instance.cli
    admin('user', 'set', person['address'], '--role', 'officer')
    browser = Browser(place)
    said = browser.start(person).json()
    assert said['must_register_factor'] is True
    refused = browser.call('session.list', address=person['address'])
    assert (refused.status, refused.code) == (403, 'factor_needed')
    begun = browser.done('factor.totp.begin')
    browser.done('factor.totp.confirm', id=begun['id'], code=totp(begun['secret']))
    assert browser.who()['must_register_factor'] is False
    browser.done('session.list', address=person['address'])


# ---- lock, sign out everywhere ----

def test_a_locked_session_serves_nothing(browser, person):
    browser.sign_in(person)
    assert browser.ask('POST', '/api/session/lock', {}).status == 204
    said = browser.who()
    assert said['locked'] is True and said['address'] == person['address'] and 'rights' not in said and 'session' not in said
    for operation in ('session.list', 'factor.list', 'user.show'):
        assert (browser.call(operation, address=person['address']).status, browser.call(operation, address=person['address']).code) == (423, 'locked')
    kept = browser.token
    assert browser.ask('POST', '/api/session/unlock', {'password': 'zaun-trichter-quelle'}).status == 401
    assert browser.who()['locked'] is True
    assert browser.ask('POST', '/api/session/unlock', {'password': person['password']}).json()['locked'] is False
    assert browser.token == kept
    browser.done('session.list', address=person['address'])


def test_a_locked_session_is_no_token_either(place, person):
    browser = Browser(place).sign_in(person)
    api = Web(place, browser.token)
    assert api.call('session.list', {'address': person['address']}).status == 200
    browser.ask('POST', '/api/session/lock', {})
    assert api.call('session.list', {'address': person['address']}).status == 423


def test_signing_out_everywhere(browser, person):
    others = [Browser(browser.site, browser.plain).sign_in(person) for _ in range(2)]
    browser.sign_in(person)
    assert len(browser.done('session.list', address=person['address'])['sessions']) == 3
    browser.done('session.sign_out', address=person['address'])
    for each in (*others, browser):
        assert each.who()['signed_in'] is False


def test_a_disabled_account_is_out_at_once(place, browser, person):
    browser.sign_in(person)
    place.instance.cli('user', 'disable', person['address'])
    assert browser.who()['signed_in'] is False


# ---- the browser as a device ----

def test_a_browser_with_a_name_is_remembered(either, person):
    either.sign_in(person, device='Firefox on Windows')
    assert either.prefix() + 'letterlock-device' in either.cookies
    devices = either.done('device.list', address=person['address'])['devices']
    assert [d['name'] for d in devices] == ['Firefox on Windows']
    either.sign_in(person, device='Firefox on Windows')
    assert len(either.done('device.list', address=person['address'])['devices']) == 1


# ---- self-service ----

def test_only_what_is_about_oneself_is_offered(browser, person):
    browser.sign_in(person)
    for operation in ('user.list', 'domain.list', 'queue.list', 'session.start', 'session.link', 'oauth.token', 'audit.list', 'status', 'nothing'):
        refused = browser.call(operation)
        assert (refused.status, refused.code) == (404, 'unknown_operation'), operation
    other = make_person(browser.site)
    assert browser.call('session.list', address=other['address']).status == 403


def test_what_only_reads_can_be_asked_by_get(browser, person):
    browser.sign_in(person)
    assert browser.ask('GET', f'/api/v1/factor.list?address={person["address"]}').json()['factors'] == []
    assert browser.ask('GET', '/api/v1/session.sign_out').status == 405
    assert browser.ask('GET', '/api/v1/factor.list?nothing=1').status == 400


def test_without_a_cookie_there_is_no_self_service(browser, person):
    assert browser.call('session.list', address=person['address']).status == 401
    token = Browser(browser.site, browser.plain).sign_in(person).token
    refused = browser.ask('POST', '/api/v1/session.list', {'address': person['address']}, {'Authorization': f'Bearer {token}'})
    assert refused.status == 401


def test_who_lost_the_password_resets_it_by_the_recovery_code(browser, place):
    person = make_person(place, own=False)
    code = place.instance.cli('user', 'passwd', person['address'], '--stdin', stdin=f'{PASSWORD}\n{PASSWORD}-own\n')['recovery_code']
    assert browser.call('user.reset', address=person['address'], new=PASSWORD + '-reset', recovery_code='aaaa-bbbb').status != 200
    browser.done('user.reset', address=person['address'], new=PASSWORD + '-reset', recovery_code=code)
    browser.sign_in({**person, 'password': PASSWORD + '-reset'})


@pytest.mark.parametrize('body, status', [('[]', 400), ('{"address":', 400), ('{"address":"a","password":"b","token":"x"}', 400),
                                          ('{"address":1,"password":2}', 400), ('{}', 400)])
def test_what_is_no_sign_in_is_refused(browser, body, status):
    answer = browser.ask('POST', '/api/session', body)
    assert answer.status == status and answer.headers['Content-Type'] == 'application/problem+json'
    assert browser.ask('POST', '/api/session', 'address=a', {'Content-Type': 'application/x-www-form-urlencoded'}).status == 415


# ---- where pages come from ----

CROSS = [{'X-Letterlock': None}, {'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'}, {'Origin': 'https://evil.example'}, {'Origin': 'null'},
         {'Sec-Fetch-Site': None, 'Origin': None}, {'Sec-Fetch-Site': 'none'}]


def test_other_sites_change_nothing(either, person):
    either.sign_in(person)
    for fields in CROSS:
        for method, path, body in (('POST', '/api/session', {}), ('DELETE', '/api/session', None), ('POST', '/api/session/lock', {}),
                                   ('POST', '/api/v1/session.sign_out', {'address': person['address']})):
            refused = either.ask(method, path, body, fields)
            assert (refused.status, refused.code) == (403, 'origin'), (method, path, fields)
    assert either.who()['signed_in'] is True


def test_other_sites_read_nothing(either, person):
    either.sign_in(person)
    for site in ('cross-site', 'same-site'):
        assert either.ask('GET', '/api/session', None, {'Sec-Fetch-Site': site}).status == 403
        assert either.ask('GET', f'/api/v1/factor.list?address={person["address"]}', None, {'Sec-Fetch-Site': site}).status == 403
    answer = either.ask('GET', '/api/session')
    assert answer.headers['Cache-Control'] == 'no-store' and answer.headers['Cross-Origin-Resource-Policy'] == 'same-origin'
    assert answer.headers['Access-Control-Allow-Origin'] is None


def test_an_origin_alone_is_enough_for_browsers_that_tell_no_more(browser, person):
    answer = browser.ask('POST', '/api/session', {'address': person['address'], 'password': person['password']}, {'Sec-Fetch-Site': None})
    assert answer.status == 200


# ---- plain HTTP ----

def test_a_name_that_leads_here_is_not_this_machine(place):
    """Rebinding of DNS: only names that can mean nothing else are served in plain."""
    for name in ('mail.demo.test', 'evil.example', 'localhost.evil.example'):
        browser = Browser(place, plain=True, name=name)
        assert browser.ask('GET', '/api/session').status in (302, 404)
        assert browser.ask('POST', '/api/session', {}).status == 405


# ---- one-time links ----

def link(place, person, **more):
    answer = local_call(place, 'session.link', {'address': person['address'], 'password': person['password'], **more})
    assert answer['status'] == 0, answer
    return answer['result']['link']


NAVIGATE = {'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'none'}


def test_a_link_signs_in_once(either, place, person):
    text = link(place, person)
    answer = either.ask('GET', f'/signin/once?t={text}', None, NAVIGATE)
    assert (answer.status, answer.headers['Location']) == (303, '/')
    assert either.who()['address'] == person['address']
    other = Browser(place, either.plain)
    assert other.ask('GET', f'/signin/once?t={text}', None, NAVIGATE).status == 303
    assert other.who()['signed_in'] is False


def test_a_link_is_followed_by_people_only(browser, place, person):
    text = link(place, person)
    for fields in ({'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'same-origin'}):
        assert browser.ask('GET', f'/signin/once?t={text}', None, fields).status == 303
        assert browser.who()['signed_in'] is False
    browser.ask('GET', f'/signin/once?t={text}', None, NAVIGATE)
    assert browser.who()['signed_in'] is True


def test_links_are_made_at_the_machine_only(place, person):
    args = {'address': person['address'], 'password': person['password']}
    assert Web(place).call('session.link', args).status == 404
    assert local_call(place, 'session.link', {**args, 'password': 'zaun-trichter-quelle'})['result']['code'] == 'password'


# ---- mail by the cookie ----

ECHO = {'using': ['urn:ietf:params:jmap:core'], 'methodCalls': [['Core/echo', {'hello': 1}, 'a']]}


def test_the_cookie_opens_mail_until_it_is_locked_or_over(either, person):
    either.sign_in(person)
    assert either.ask('GET', '/jmap/session').json()['username'] == person['address']
    assert either.ask('POST', '/jmap/api', ECHO).json()['methodResponses'][0][1] == {'hello': 1}
    either.ask('POST', '/api/session/lock', {})
    assert either.ask('POST', '/jmap/api', ECHO).status == 423
    either.ask('POST', '/api/session/unlock', {'password': person['password']})
    assert either.ask('POST', '/jmap/api', ECHO).status == 200
    either.done('session.sign_out', address=person['address'])
    assert either.ask('POST', '/jmap/api', ECHO).status == 401


def test_mail_waits_until_the_password_is_ones_own(browser, place):
    person = make_person(place, own=False)
    browser.sign_in(person)
    assert browser.ask('POST', '/jmap/api', ECHO).status == 403


def test_other_sites_read_no_mail(browser, person):
    browser.sign_in(person)
    for fields in ({'Sec-Fetch-Site': 'same-site'}, {'X-Letterlock': None}, {'Origin': 'https://evil.example'}):
        assert browser.ask('POST', '/jmap/api', ECHO, fields).status == 403
    assert browser.ask('GET', '/jmap/eventsource?types=*&closeafter=state&ping=0', None, {'Sec-Fetch-Site': 'cross-site'}).status == 403
    socket_fields = {'Origin': 'https://evil.example', 'Sec-Fetch-Site': None, 'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13',
                     'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol': 'jmap'}
    assert browser.ask('GET', '/jmap/ws', None, socket_fields).status == 403


# ---- health ----

@pytest.mark.parametrize('path', ['/healthz/live', '/healthz/ready', '/metrics', '/api/v1/openapi.json'])
def test_health_and_numbers_are_at_the_management_only(browser, path):
    assert browser.ask('GET', path).status == 404


# ---- proof of work: last, because what failed is remembered ----

@pytest.fixture(scope='module')
def wary(place):
    """The same place where three failures are too many."""
    place.instance.options['limits.failures_before_work'] = '3'
    place.instance.write_config()
    place.instance.cli('reload')
    yield place
    place.instance.options['limits.failures_before_work'] = '0'
    place.instance.write_config()
    place.instance.cli('reload')


def test_who_failed_three_times_has_to_work(wary, person):
    browser = Browser(wary)
    for _ in range(3):
        assert browser.start({**person, 'password': 'zaun-trichter-quelle'}).code == 'password'
    asked = browser.start(person)
    assert (asked.status, asked.code) == (401, 'work_needed') and browser.token is None
    assert browser.ask('POST', '/api/session/work', {}).json()['needed'] is True
    work = solve(asked.json()['work'])
    assert browser.start(person, work={**work, 'number': work['number'] + '0'}).code == 'work_needed'
    waited = browser.start(person, work={'challenge': work['challenge'], 'number': ''})
    assert waited.code == 'work_needed', 'nobody waited yet'
    assert browser.start(person, work=work).status == 200
    assert Browser(wary).start(person, work=work).code == 'work_needed', 'a challenge is good once'
