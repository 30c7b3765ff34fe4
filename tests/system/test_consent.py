"""A mail program asks to be let in: the page of consent in a browser, the tokens, and what goes wrong for those who cheat."""
import base64
import hashlib
import http.server
import imaplib
import json
import os
import secrets
import smtplib
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

from browser import Browser
from conftest import TOP, end_site, make_site
from mail import HOST

PASSWORD = 'schiff-laterne-wolke-garten'


@pytest.fixture(scope='module')
def place():
    made = make_site({'auth': {'oauth': 'yes', 'failure_delay': '10ms', 'hash_time': '0'}, 'web.plain_loopback': 'yes', 'limits.logins_per_minute': '0'}, seed=False)
    cli = made.instance.cli
    cli('domain', 'add', 'demo.test')
    for local in ('ann', 'bob'):
        made.users.append({'address': f'{local}@demo.test', 'password': f'{PASSWORD}-{local}'})
        cli('user', 'add', made.users[-1]['address'], '--stdin', stdin=PASSWORD + '\n')
        cli('user', 'passwd', made.users[-1]['address'], '--stdin', stdin=f'{PASSWORD}\n{PASSWORD}-{local}\n')
    cli('oauth', 'client', 'add', 'mailbird', 'imap smtp', '--name', 'Mail Bird', '--owner', 'ann@demo.test', '--redirects', 'http://127.0.0.1/cb')
    cli('oauth', 'client', 'add', 'printer', 'imap', '--name', 'The Printer', '--owner', 'ann@demo.test', '--device')
    yield made
    end_site(made)


class Program:
    """A mail program: a listener on loopback for the answer, and PKCE."""

    def __init__(self, place, client='mailbird', scope='imap smtp', redirect=None):
        self.place, self.client = place, client
        self.came, program = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith('/cb?'):
                    program.came.append(dict(urllib.parse.parse_qsl(self.path.partition('?')[2])))
                body = b'<!doctype html><title>Done</title>Back in the program.'
                self.send_response(200)
                self.send_header('Content-Type', 'text/html')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.redirect = redirect or f'http://{HOST}:{self.server.server_port}/cb'
        self.verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(8)
        self.fields = {'response_type': 'code', 'client_id': client, 'redirect_uri': self.redirect, 'scope': scope, 'state': self.state,
                       'code_challenge': base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b'=').decode(), 'code_challenge_method': 'S256'}

    def query(self, **changes):
        return urllib.parse.urlencode({k: v for k, v in {**self.fields, **changes}.items() if v is not None})

    def post(self, path, **fields):
        answer = Browser(self.place, plain=True).ask('POST', path, urllib.parse.urlencode(fields), {
            'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': None, 'Origin': None, 'X-Letterlock': None})
        assert answer.headers['Cache-Control'] == 'no-store' and answer.headers['Access-Control-Allow-Origin'] is None
        return answer

    def redeem(self, code, **changes):
        return self.post('/oauth/token', **{'grant_type': 'authorization_code', 'client_id': self.client, 'code': code, 'redirect_uri': self.redirect,
                                            'code_verifier': self.verifier, **changes})

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def program(place):
    made = Program(place)
    yield made
    made.close()


def person(place, which, path, decision, **more):
    """A person at a browser, who signs in first."""
    story = {'url': f'http://localhost:{place.ports["http"]}{path}', **place.users[which], 'decision': decision, **more}
    done = subprocess.run(['node', os.path.join(TOP, 'tests', 'web', 'site', 'consent.mjs'), json.dumps(story)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said['broken'] == [] and said['errors'] == [], said
    return said


def consent(place, who, query, decision=None, endpoint='authorize', fields=None):
    """What the page asks, by a person's cookie."""
    return who.ask('POST', '/api/oauth', {'endpoint': endpoint, 'query': query, **({'decision': decision} if decision else {})}, fields)


def code_of(place, who, program, **changes):
    answer = consent(place, who, program.query(**changes), 'allow')
    assert answer.status == 200, answer.body
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.json()['redirect']).query))
    assert back['state'] == program.state and back['iss'].startswith('https://')
    return back['code']


def signed_in(place, which=0):
    return Browser(place, plain=True).sign_in(place.users[which])


def imap(place, user, token):
    client = imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60)
    client.authenticate('XOAUTH2', lambda challenge: f'user={user["address"]}\x01auth=Bearer {token}\x01\x01'.encode() if not challenge else b'')
    return client


def ends(client):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            client.noop()
            time.sleep(0.1)
        except (imaplib.IMAP4.abort, OSError):
            return True
    return False


# ---- the way it is meant ----

def test_a_program_is_let_in_by_its_person_and_out_again(place, program):
    user = place.users[0]
    said = person(place, 0, '/oauth/authorize?' + program.query(), 'allow', back=program.redirect + '**', keys=True)
    assert 'Mail Bird' in said['words'] and user['address'] in said['words']
    assert 'read, file and delete your mail' in said['words'] and 'send mail in your name' in said['words'] and 'filters' not in said['words']
    came, = program.came
    assert came['state'] == program.state
    answer = program.redeem(came['code'])
    assert answer.status == 200, answer.body
    tokens = answer.json()
    client = imap(place, user, tokens['access_token'])
    assert client.select('INBOX')[0] == 'OK'
    with smtplib.SMTP_SSL(HOST, place.ports['submissions'], context=place.tls(), timeout=60) as smtp:
        smtp.ehlo()
        assert smtp.docmd('AUTH', 'XOAUTH2 ' + base64.b64encode(f'user={user["address"]}\x01auth=Bearer {tokens["access_token"]}\x01\x01'.encode()).decode())[0] == 235
    fresh = program.post('/oauth/token', grant_type='refresh_token', client_id='mailbird', refresh_token=tokens['refresh_token']).json()
    imap(place, user, fresh['access_token']).shutdown()
    # The person sees it under Settings, and takes it back.
    who = signed_in(place)
    grant, = who.done('oauth.grant.list', address=user['address'])['grants']
    assert (grant['client'], grant['name'], grant['scope']) == ('mailbird', 'Mail Bird', 'imap smtp')
    who.done('oauth.grant.end', address=user['address'], id=grant['id'])
    assert ends(client)
    with pytest.raises(imaplib.IMAP4.error):
        imap(place, user, fresh['access_token'])


def test_a_person_says_no(place, program):
    person(place, 0, '/oauth/authorize?' + program.query(), 'deny', back=program.redirect + '**', locale='zh-CN', theme='dark', narrow=True, picture='zh-CN-dark-narrow')
    came, = program.came
    assert came['error'] == 'access_denied' and came['state'] == program.state and 'code' not in came


def test_a_device_is_let_in_by_a_code(place):
    program = Program(place, 'printer', 'imap')
    program.close()
    begun = program.post('/oauth/device_authorization', client_id='printer', scope='imap').json()
    assert begun['verification_uri'].endswith('/oauth/device')
    poll = {'grant_type': 'urn:ietf:params:oauth:grant-type:device_code', 'client_id': 'printer', 'device_code': begun['device_code']}
    assert program.post('/oauth/token', **poll).json()['error'] == 'authorization_pending'
    said = person(place, 1, '/oauth/device', 'allow', code=begun['user_code'].lower(), locale='zh-TW', picture='zh-TW-device')
    assert begun['user_code'] in said['words'] and 'The Printer' in said['words']
    imap(place, place.users[1], program.post('/oauth/token', **poll).json()['access_token']).shutdown()


def test_programs_find_the_endpoints(place):
    answer = Browser(place, plain=True).ask('GET', '/.well-known/oauth-authorization-server', fields={'Sec-Fetch-Site': None})
    said = answer.json()
    assert answer.status == 200 and said['code_challenge_methods_supported'] == ['S256'] and said['token_endpoint'].endswith('/oauth/token')


# ---- what is tried against it ----

@pytest.mark.parametrize('redirect', [
    'https://evil.test/cb', 'http://127.0.0.1@evil.test/cb', 'http://127.0.0.1.evil.test/cb', 'http://127.0.0.1:5001/cb/../evil', 'http://127.0.0.1:5001/cb/',
    'http://127.0.0.1:5001/CB', 'http://127.0.0.1:5001/cb?next=evil', 'http://127.0.0.1:5001/cb#evil', 'http://[::1]:5001/cb', 'https://127.0.0.1:5001/cb',
    'http://localhost:5001/cb', 'http://127.0.0.1:5001/%63b', 'http://127.0.0.1:99999/cb', 'http://127.0.0.1:5001\\@evil.test/cb', '//evil.test/cb', 'javascript:alert(1)//cb',
    'data:text/html,cb', '', ' http://127.0.0.1/cb', 'http://127.0.0.1/cb http://evil.test/'])
def test_nobody_is_sent_where_the_program_did_not_register(place, program, redirect):
    who = signed_in(place)
    for decision in (None, 'allow', 'deny'):
        answer = consent(place, who, program.query(redirect_uri=redirect), decision)
        assert answer.status == 400 and answer.code == 'invalid_request', (redirect, answer.body)
        assert 'evil' not in answer.body.decode() and 'll' + 'c_' not in answer.body.decode()


def test_a_program_that_nobody_registered_is_not_asked_about(place, program):
    answer = consent(place, signed_in(place), program.query(client_id='stranger'))
    assert answer.status == 400 and answer.code == 'invalid_client'


@pytest.mark.parametrize('changes', [
    {'code_challenge_method': 'plain'}, {'code_challenge_method': None}, {'code_challenge': None}, {'code_challenge': 'short'},
    {'code_challenge': None, 'code_challenge_method': None}, {'response_type': 'token'}, {'response_type': 'code token'}, {'response_type': None}, {'scope': 'imap sieve'},
    {'scope': 'api:user.change'}, {'scope': ''}, {'state': 'x' * 2000}], ids=lambda c: ','.join(c))
def test_a_weakened_request_gets_no_code(place, program, changes):
    """No PKCE, a plain one, an implicit grant, more than the program may have: the person is not even asked."""
    who = signed_in(place)
    for decision in (None, 'allow'):
        found = consent(place, who, program.query(**changes), decision).json()
        back = urllib.parse.urlsplit(found.get('mistake') or found['redirect'])
        said = dict(urllib.parse.parse_qsl(back.query))
        assert back.netloc == urllib.parse.urlsplit(program.redirect).netloc and 'error' in said and 'code' not in said and back.fragment == ''


def test_a_link_decides_nothing(place, program):
    """A decision in the address, or a name that comes twice, is no request at all; GET never decides."""
    who = signed_in(place)
    before = len(who.done('oauth.grant.list', address=place.users[0]['address'])['grants'])
    for query in (program.query(decision='allow'), program.query() + '&redirect_uri=https%3A%2F%2Fevil.test%2F', program.query() + '&client_id=printer', program.query() + '&%'):
        for decision in (None, 'allow', 'deny'):
            assert consent(place, who, query, decision).status == 400
    assert consent(place, who, program.query(), 'maybe').status == 400
    assert consent(place, who, program.query(), endpoint='token').status == 400
    page = who.ask('GET', '/oauth/authorize?' + program.query(decision='allow'), fields={'Sec-Fetch-Site': 'cross-site'})
    assert page.status == 200 and page.headers['Location'] is None
    assert len(who.done('oauth.grant.list', address=place.users[0]['address'])['grants']) == before


@pytest.mark.parametrize('fields', [
    {'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.test'}, {'Sec-Fetch-Site': 'same-site', 'Origin': 'http://other.localhost'}, {'X-Letterlock': None},
    {'Sec-Fetch-Site': None, 'Origin': None}], ids=lambda f: ','.join(f))
def test_another_site_presses_no_button(place, program, fields):
    answer = consent(place, signed_in(place), program.query(), 'allow', fields=fields)
    assert answer.status == 403 and b'redirect' not in answer.body


def test_the_page_is_in_nobodys_frame(place, program):
    for path in ('/oauth/authorize?' + program.query(), '/oauth/device'):
        answer = Browser(place, plain=True).ask('GET', path, fields={'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'iframe'})
        assert "frame-ancestors 'none'" in answer.headers['Content-Security-Policy']
        assert answer.headers['Referrer-Policy'] == 'no-referrer'


def test_who_is_not_signed_in_allows_nothing(place, program):
    assert consent(place, Browser(place, plain=True), program.query(), 'allow').status == 401
    who = signed_in(place)
    who.ask('POST', '/api/session/lock', {})
    assert consent(place, who, program.query(), 'allow').status in (401, 423)


def test_a_code_is_good_once_for_its_program_and_its_verifier(place, program):
    user, who = place.users[1], signed_in(place, 1)
    # Stolen from the redirect: without the verifier it is used up.
    code = code_of(place, who, program)
    for wrong in ({'code_verifier': secrets.token_urlsafe(48)}, {}):
        assert program.redeem(code, **wrong).json()['error'] == 'invalid_grant'
    for wrong in ({'client_id': 'printer'}, {'redirect_uri': 'http://127.0.0.1:1/cb'}, {'code_verifier': program.fields['code_challenge']}, {'code_verifier': ''}):
        assert program.redeem(code_of(place, who, program), **wrong).json()['error'] == 'invalid_grant', wrong
    # Played again: what was made with it ends.
    code = code_of(place, who, program)
    client = imap(place, user, program.redeem(code).json()['access_token'])
    assert program.redeem(code).json()['error'] == 'invalid_grant'
    assert ends(client)


def test_a_refresh_token_that_comes_twice_ends_everything(place, program):
    user, who = place.users[1], signed_in(place, 1)
    tokens = program.redeem(code_of(place, who, program)).json()
    turn = {'grant_type': 'refresh_token', 'client_id': 'mailbird', 'refresh_token': tokens['refresh_token']}
    client = imap(place, user, program.post('/oauth/token', **turn).json()['access_token'])
    assert program.post('/oauth/token', **turn).json()['error'] == 'invalid_grant'
    assert ends(client)


def test_a_token_opens_no_page_and_makes_no_tokens(place, program):
    who = signed_in(place, 1)
    token = program.redeem(code_of(place, who, program)).json()['access_token']
    browser = Browser(place, plain=True)
    browser.cookies['letterlock'] = token
    assert consent(place, browser, program.query(), 'allow').status == 401


def test_one_address_asks_for_a_limited_number_of_device_codes(place):
    program = Program(place, 'printer', 'imap')
    program.close()
    answers = [program.post('/oauth/device_authorization', client_id='printer', scope='imap').status for _ in range(55)]
    assert answers[0] == 200 and answers[-1] == 503
