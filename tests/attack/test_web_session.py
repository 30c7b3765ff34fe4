"""The session of a browser: requests that other sites make, sessions that are foisted, cookies, guessing, links that are seen by somebody else."""
import json
import secrets
import socket

import pytest

from attacker import DOMAIN, PASSWORD, Place
from browser import Browser, solve

WRONG = 'zaun-trichter-quelle-birke'


@pytest.fixture(scope='module')
def web():
    made = Place({'auth': {'failure_delay': '10ms'}, 'limits': {'logins_per_minute': 12}, 'web': {'links': 'yes', 'work_bits': 6}}, seed=False)
    made.instance.cli('domain', 'add', DOMAIN)
    yield made
    made.end()


@pytest.fixture
def victim(web):
    return made(web)


def made(web):
    address = f'v{secrets.token_hex(5)}@{DOMAIN}'
    assert local(web, 'user.add', address=address, password=PASSWORD)['status'] == 0
    assert local(web, 'user.passwd', address=address, old=PASSWORD, new=PASSWORD + '-own')['status'] == 0
    return {'address': address, 'password': PASSWORD + '-own'}


def local(web, op, **args):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(web.instance.path('run', 'admin.sock'))
        s.sendall(json.dumps({'op': op, 'args': args}).encode() + b'\n')
        return json.loads(s.makefile().readline())


# ---- requests of other sites ----

FORGED = {'a form': {'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.example', 'X-Letterlock': None, 'Content-Type': 'application/x-www-form-urlencoded'},
          'a form of text': {'Sec-Fetch-Site': 'cross-site', 'Origin': 'null', 'X-Letterlock': None, 'Content-Type': 'text/plain'},
          'a sibling domain': {'Sec-Fetch-Site': 'same-site', 'Origin': 'https://other.demo.test'},
          'an old browser': {'Sec-Fetch-Site': None, 'Origin': 'https://evil.example', 'X-Letterlock': None},
          'another port': {'Sec-Fetch-Site': 'same-site', 'Origin': 'https://mail.demo.test:8443'},
          'plain http': {'Sec-Fetch-Site': 'cross-site', 'Origin': 'http://mail.demo.test'}}


def test_another_site_acts_for_nobody(web, victim):
    browser = Browser(web).sign_in(victim)
    for name, forged in FORGED.items():
        for method, path, body in (('DELETE', '/api/session', None), ('POST', '/api/session/lock', '{}'), ('POST', '/api/v1/token.add', '{"label":"x"}'),
                                   ('POST', '/api/v1/session.sign_out', json.dumps({'address': victim['address']})), ('POST', '/jmap/api', '{}')):
            answer = browser.ask(method, path, body, forged)
            assert answer.status == 403 and not answer.headers.get_all('Set-Cookie'), (name, method, path, answer.status)
    assert browser.who()['locked'] is False


def test_another_site_signs_nobody_in(web, victim):
    """Who is signed in as the attacker without noticing writes into the attacker's mailbox."""
    for name, forged in FORGED.items():
        browser = Browser(web)
        assert browser.ask('POST', '/api/session', json.dumps(victim), forged).status == 403, name
        assert browser.token is None


# ---- sessions that are foisted ----

def test_a_session_that_was_brought_along_is_never_gone_on_with(web, victim):
    foisted = Browser(web).sign_in(made(web)).token
    for brought in (foisted, 'll1-' + 'A' * 43, ''):
        browser = Browser(web)
        browser.cookies['__Host-letterlock'] = brought
        browser.sign_in(victim)
        assert browser.token not in (brought, foisted)
        other = Browser(web)
        other.cookies['__Host-letterlock'] = foisted
        assert other.who().get('address') != victim['address']


def test_a_name_without_the_prefix_is_no_session(web, victim):
    """A sibling domain can set cookies for the whole domain, but none with the prefix."""
    token = Browser(web).sign_in(victim).token
    browser = Browser(web)
    browser.cookies = {'letterlock': token, '__Secure-letterlock': token}
    assert browser.who()['signed_in'] is False


def test_the_cookie_cannot_leave(web, victim):
    answer = Browser(web).start(victim, device='test')
    assert len(answer.headers.get_all('Set-Cookie')) == 2
    for line in answer.headers.get_all('Set-Cookie'):
        name, *attributes = line.split('; ')
        assert name.startswith('__Host-') and {'Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/'} <= set(attributes)
        assert not any(a.startswith('Domain') for a in attributes)
        assert name.partition('=')[2] not in answer.body.decode()


def test_no_answer_gives_a_token_to_a_script(web, victim):
    browser = Browser(web).sign_in(victim)
    token = browser.token
    for method, path, body in (('GET', '/api/session', None), ('POST', '/api/v1/session.start', {**victim}), ('POST', '/api/v1/oauth.token', {'scope': 'imap'}),
                               ('POST', '/api/v1/session.list', {'address': victim['address']}), ('GET', f'/api/v1/session.list?address={victim["address"]}', None)):
        body_text = browser.ask(method, path, body).body.decode()
        assert token not in body_text and 'll1-' not in body_text, path


def test_a_token_in_an_address_is_nothing(web, victim):
    token = Browser(web).sign_in(victim).token
    for query in (f'token={token}', f'access_token={token}', f'__Host-letterlock={token}'):
        assert Browser(web).ask('GET', f'/api/session?{query}').json()['signed_in'] is False


# ---- links ----

def test_a_link_serves_who_comes_first_and_only_people(web, victim):
    text = local(web, 'session.link', **victim)['result']['link']
    preview = Browser(web)
    preview.ask('GET', f'/signin/once?t={text}', None, {'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate'})
    assert preview.token is None
    first = Browser(web)
    assert first.ask('GET', f'/signin/once?t={text}', None, {'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate'}).headers['Location'] == '/'
    assert first.who()['address'] == victim['address']
    second = Browser(web)
    second.ask('GET', f'/signin/once?t={text}', None, {'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate'})
    assert second.token is None
    assert text not in web.log(), 'links are not written down'


# ---- guessing: last, because it closes the door ----

def test_guessing_costs_work_then_time(web, victim):
    guesser = Browser(web)
    codes = [guesser.start({**victim, 'password': WRONG}).code for _ in range(3)]
    assert set(codes) <= {'password', 'work_needed'}
    asked = guesser.start(victim)
    assert asked.code == 'work_needed', 'the right password is not looked at without work'
    work = asked.json()['work']
    for made_up in ({'challenge': 'x', 'number': '1'}, {'challenge': work['challenge'], 'number': ''}, {'challenge': work['challenge'][:-2] + 'AA', 'number': '1'}, {}):
        assert guesser.start(victim, work=made_up).code == 'work_needed', made_up
    solved = solve(work)
    assert guesser.start({**victim, 'password': WRONG}, work=solved).code == 'password'
    again = guesser.start({**victim, 'password': WRONG}, work=solved)
    assert again.code == 'work_needed', 'a solution serves once'
    answer = again
    for _ in range(20):
        if answer.code == 'throttled':
            break
        answer = guesser.start({**victim, 'password': WRONG}, **({'work': solve(answer.json()['work'])} if answer.code == 'work_needed' else {}))
    assert (answer.status, answer.code) == (429, 'throttled')
    assert 0 < answer.json()['retry_after'] <= 60 * 16 and int(answer.headers['Retry-After']) == answer.json()['retry_after']
