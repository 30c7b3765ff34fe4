"""Sign-in by an identity provider: npm's oidc-provider on loopback, through the browser and with its access tokens for mail."""
import base64
import hashlib
import html.parser
import http.cookiejar
import imaplib
import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import TOP, end_site, make_site
from mail import HOST
from web import Web

NAME = 'mx.outside.test'
REDIRECT = 'https://mail.demo.test/sso/back'


def installed():
    """The provider with its packages, installed once."""
    folder, source = os.path.join(TOP, 'build', 'oidc'), os.path.join(TOP, 'tests', 'system', 'oidc')
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(source):
        shutil.copyfile(os.path.join(source, name), os.path.join(folder, name))
    if not os.path.isdir(os.path.join(folder, 'node_modules', 'oidc-provider')):
        subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], cwd=folder, check=True, capture_output=True)
    return folder


class Provider:
    def __init__(self, port, instance, *more, redirect=REDIRECT):
        self.port, self.issuer, self.instance, self.more, self.redirect = port, f'https://{NAME}:{port}', instance, more, redirect
        self.process = None

    def start(self):
        path = self.instance.path
        self.process = subprocess.Popen(['node', 'provider.mjs', self.issuer, str(self.port), path('tls', 'outside.key'), path('tls', 'outside.pem'), self.redirect, *self.more],
                                        cwd=installed(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while self.process.stdout.readline().strip() != 'ready':
            assert self.process.poll() is None

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


@pytest.fixture(scope='module')
def place():
    with socket.socket() as s, socket.socket() as other:
        s.bind((HOST, 0))
        other.bind((HOST, 0))
        port, partner = s.getsockname()[1], other.getsockname()[1]
    folder = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    os.chmod(folder, 0o755)
    secret = os.path.join(folder, 'secret')
    with open(secret, 'w', encoding='ascii') as f:
        f.write('se cret:1\npartner se cret:1\n')
    os.chmod(secret, 0o644)
    made = make_site(options={
        'auth': {'oauth': 'yes', 'failure_delay': '100ms'}, 'limits': {'logins_per_minute': 0}, 'fetch.allow': [f'{NAME}:{port}', f'{NAME}:{partner}', '127.0.0.1'],
        'sso': {'issuer': f'https://{NAME}:{port}', 'client': 'letterlock', 'secret_file': secret, 'redirect': REDIRECT, 'scope': 'email',
                'audience': 'mail', 'link_email': 'yes',
                'providers': [f'partner issuer=https://{NAME}:{partner} client=letterlock audience=mail scope=email domains=demo.test link_email']}},
        seed=False)
    made.provider, made.partner = Provider(port, made.instance), Provider(partner, made.instance, 'strict')
    made.provider.start()
    made.partner.start()
    made.instance.cli('domain', 'add', 'demo.test')
    for local in ('ann', 'bob', 'eve'):
        made.users.append({'address': f'{local}@demo.test', 'password': f'A long word of {local} 7!'})
        made.instance.cli('user', 'add', made.users[-1]['address'], '--stdin', stdin=made.users[-1]['password'] + '\n')
    for user in made.users[:2]:
        made.instance.cli('identity', 'allow', user['address'], '--stdin', stdin=user['password'] + '\n')
    yield made
    made.provider.stop()
    made.partner.stop()
    end_site(made)
    shutil.rmtree(folder, ignore_errors=True)


class Form(html.parser.HTMLParser):
    """Where the form of a page goes, and its hidden fields."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields = '', {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == 'form':
            self.action = attrs['action']
        elif tag == 'input' and attrs.get('type') == 'hidden':
            self.fields[attrs['name']] = attrs['value']


class Browser:
    """Follows the provider's pages as a person would; stops where it is sent back to us."""

    def __init__(self, place, monkeypatch):
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, 'getaddrinfo', lambda host, *a, **k: real(HOST if host == NAME else host, *a, **k))
        context = ssl.create_default_context(cafile=place.instance.path('ca.pem'))

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None
        self.opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=context),
                                                  urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, url, data=None):
        try:
            with self.opener.open(url, urllib.parse.urlencode(data).encode() if data else None, timeout=30) as answer:
                return url, answer.read().decode()
        except urllib.error.HTTPError as e:
            assert e.code in (302, 303), e.read().decode()
            return urllib.parse.urljoin(url, e.headers['Location']), None

    def sign_in(self, url, name):
        """The query that comes back."""
        for _ in range(20):
            if url.startswith(REDIRECT):
                return urllib.parse.urlsplit(url).query
            url, page = self.get(url)
            if page is not None:
                form = Form(page)
                url, page = self.get(urllib.parse.urljoin(url, form.action), {**form.fields, 'login': name, 'password': 'x'})
        raise AssertionError('the provider never sent the browser back')


def finish(place, begun, query):
    return Web(place).call('sso.finish', {'flow': begun['flow'], 'query': query})


def test_a_person_signs_in_through_the_browser(place, monkeypatch):
    begun = Web(place).done('sso.begin')
    query = Browser(place, monkeypatch).sign_in(begun['url'], 'ann')
    answer = finish(place, begun, query)
    assert answer.status == 200, answer.body
    assert answer.json()['address'] == 'ann@demo.test' and answer.json()['second_factor'] is False
    assert place.instance.cli('identity', 'list', 'ann@demo.test')['identities'][0]['subject'] == 'ann'
    # The code was used, and the flow is of another sign-in.
    assert finish(place, begun, query).status == 403
    assert finish(place, Web(place).done('sso.begin'), query).status == 403


def test_only_who_allowed_it_is_linked(place, monkeypatch):
    for name in ('eve', 'stranger'):
        begun = Web(place).done('sso.begin')
        assert finish(place, begun, Browser(place, monkeypatch).sign_in(begun['url'], name)).status == 403


def access_token(place, monkeypatch, name, scope='imap', resource='urn:mail', provider=None):
    issuer = (provider or place.provider).issuer
    verifier = secrets.token_urlsafe(48)
    fields = {'response_type': 'code', 'client_id': 'mailer', 'redirect_uri': REDIRECT, 'scope': f'openid {scope}', 'state': 's', 'resource': resource,
              'code_challenge': base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b'=').decode(),
              'code_challenge_method': 'S256'}
    browser = Browser(place, monkeypatch)
    code = urllib.parse.parse_qs(browser.sign_in(f'{issuer}/auth?{urllib.parse.urlencode(fields)}', name))['code'][0]
    _, page = browser.get(f'{issuer}/token', {'grant_type': 'authorization_code', 'client_id': 'mailer', 'code': code,
                                                           'redirect_uri': REDIRECT, 'code_verifier': verifier})
    return json.loads(page)


def open_with(place, address, token):
    """An IMAP session, or what the refusal says."""
    client = imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60)
    said = []

    def answer(challenge):
        said.append(challenge)
        return f'n,a={address},\x01auth=Bearer {token}\x01\x01'.encode() if not challenge else b'\x01'
    try:
        client.authenticate('OAUTHBEARER', answer)
        return client
    except imaplib.IMAP4.error:
        client.shutdown()
        return said[-1].decode()


def try_token(place, address, token):
    client = open_with(place, address, token)
    if isinstance(client, str):
        return client
    client.shutdown()
    return 'OK'


def test_access_tokens_of_the_issuer_open_the_mailbox(place, monkeypatch):
    place.instance.cli('identity', 'add', 'bob@demo.test', place.provider.issuer, 'bob')
    tokens = access_token(place, monkeypatch, 'bob')
    assert try_token(place, 'bob@demo.test', tokens['access_token']) == 'OK'
    assert 'invalid_token' in try_token(place, 'eve@demo.test', tokens['access_token'])
    assert 'invalid_token' in try_token(place, 'bob@demo.test', tokens['id_token'])  # an ID token is none
    head, claims, _ = tokens['access_token'].split('.')
    assert 'invalid_token' in try_token(place, 'bob@demo.test', f'{head}.{claims}.AAAA')
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b'=').decode()
    assert 'invalid_token' in try_token(place, 'bob@demo.test', f'{none}.{claims}.AAAA')
    assert 'insufficient_scope' in try_token(place, 'bob@demo.test', access_token(place, monkeypatch, 'bob', 'smtp')['access_token'])


def test_without_the_link_the_token_opens_nothing(place, monkeypatch):
    token = access_token(place, monkeypatch, 'bob')['access_token']
    place.instance.cli('identity', 'remove', 'bob@demo.test', place.provider.issuer, 'bob')
    assert 'invalid_token' in try_token(place, 'bob@demo.test', token)


def test_a_second_provider_is_chosen_by_name_or_domain(place, monkeypatch):
    """It signs with Ed25519, and says the address at its userinfo endpoint only."""
    assert Web(place).done('sso.begin', {'provider': 'partner'})['url'].startswith(place.partner.issuer)
    assert Web(place).done('sso.begin', {'email': 'x@elsewhere.test'})['url'].startswith(place.provider.issuer)
    assert Web(place).call('sso.begin', {'provider': 'nobody'}).status == 404
    begun = Web(place).done('sso.begin', {'email': 'bob@demo.test'})
    assert begun['url'].startswith(place.partner.issuer)
    answer = finish(place, begun, Browser(place, monkeypatch).sign_in(begun['url'], 'bob'))
    assert answer.status == 200, answer.body
    assert answer.json()['address'] == 'bob@demo.test'
    assert [i['issuer'] for i in place.instance.cli('identity', 'list', 'bob@demo.test')['identities']] == [place.partner.issuer]
    # What one provider sent back is not taken for the other.
    begun = Web(place).done('sso.begin', {'provider': 'partner'})
    query = Browser(place, monkeypatch).sign_in(Web(place).done('sso.begin')['url'], 'bob')
    assert finish(place, begun, query).status == 403


def test_a_session_ends_with_its_token_unless_a_newer_one_came(place, monkeypatch):
    """Tokens of ten seconds: who is disabled at the provider gets no more of them."""
    place.instance.cli('identity', 'add', 'ann@demo.test', place.partner.issuer, 'ann')
    client = open_with(place, 'ann@demo.test', access_token(place, monkeypatch, 'ann', provider=place.partner)['access_token'])
    assert not isinstance(client, str), client
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        for _ in range(600):
            client.noop()
            time.sleep(0.1)
