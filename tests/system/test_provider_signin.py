"""The organisation's own sign-in at the web: buttons for OpenID Connect and for CAS, who is new, who is somebody else, and the second factor that stays."""
import http.server
import json
import os
import secrets
import socket
import ssl
import subprocess
import threading
import urllib.parse

import pytest

from authenticator import totp
from browser import Browser
from conftest import TOP, end_site, make_site
from mail import HOST
from test_oidc import NAME, Provider

PASSWORD = 'schiff-laterne-wolke-garten'


class Cas:
    """A CAS server (protocol 3.0): a form, tickets that are good once and for one service, answers in XML."""

    def __init__(self, instance):
        cas = self
        self.tickets, self.instance, self.validated, self.attributes = {}, instance, 0, ''

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, kind, body, **fields):
                self.send_response(status)
                for name, value in {'Content-Type': kind, 'Content-Length': str(len(body)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path, _, query = self.path.partition('?')
                fields = dict(urllib.parse.parse_qsl(query))
                if path == '/cas/login':
                    form = ('<!doctype html><html lang="en"><title>School</title><form method="post"><label>Name <input name="login"></label>'
                            '<button type="submit">In</button></form>')
                    self.answer(200, 'text/html', form.encode())
                else:
                    assert path == '/cas/p3/serviceValidate', path
                    self.answer(200, 'application/xml', cas.validate(fields['service'], fields['ticket']).encode())

            def do_POST(self):
                service = dict(urllib.parse.parse_qsl(self.path.partition('?')[2]))['service']
                name = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers['Content-Length'])).decode()))['login']
                self.answer(302, 'text/plain', b'', Location=f'{service}&ticket={cas.ticket(name, service)}')

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(instance.path('tls', 'outside.pem'), instance.path('tls', 'outside.key'))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f'https://{NAME}:{self.server.server_port}/cas'
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def ticket(self, name, service):
        made = f'ST-{len(self.tickets)}-{secrets.token_hex(8)}'
        self.tickets[made] = (name, service)
        return made

    def validate(self, service, ticket):
        self.validated += 1
        name, wanted = self.tickets.pop(ticket, (None, None))
        inside = (f'<cas:authenticationSuccess><cas:user>{name}</cas:user><cas:attributes>{self.attributes}<cas:displayName>{name} 先生</cas:displayName></cas:attributes>'
                  '</cas:authenticationSuccess>' if name and wanted == service else '<cas:authenticationFailure code="INVALID_TICKET">no</cas:authenticationFailure>')
        return f'<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">{inside}</cas:serviceResponse>'

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope='module')
def place():
    with socket.socket() as s:
        s.bind((HOST, 0))
        port = s.getsockname()[1]
    made = make_site({'auth': {'failure_delay': '10ms', 'hash_time': '0'}, 'web.plain_loopback': 'yes', 'limits.logins_per_minute': '0'}, seed=False)
    back = f'http://localhost:{made.ports["http"]}/signin/back'
    made.cas, made.provider = Cas(made.instance), Provider(port, made.instance, redirect=back)
    made.provider.start()
    secret = made.instance.path('sso-secret')
    with open(secret, 'w', encoding='ascii') as f:
        f.write('\nPartner se cret:1\n')
    os.chmod(secret, 0o644)
    made.instance.options.update({
        'fetch.allow': [f'{NAME}:{port}', f'{NAME}:{made.cas.server.server_port}', '127.0.0.1'], 'sso.secret_file': secret, 'sso.redirect': back,
        'sso.providers': [f'School cas={made.cas.address} domains=school.test link_email provision',
                          f'Partner issuer={made.provider.issuer} client=letterlock scope=email domains=demo.test link_email']})
    made.instance.write_config()
    made.instance.cli('reload')
    for domain in ('demo.test', 'school.test', 'other.test'):
        made.instance.cli('domain', 'add', domain)
    yield made
    made.provider.stop()
    made.cas.close()
    end_site(made)


def make_person(place, address, managed=True):
    cli = place.instance.cli
    user = {'address': address, 'password': f'{PASSWORD}-own'}
    cli('user', 'add', address, '--stdin', stdin=PASSWORD + '\n')
    cli('user', 'passwd', address, '--stdin', stdin=f'{PASSWORD}\n{user["password"]}\n')
    if managed:
        cli('identity', 'allow', address, '--stdin', stdin=user['password'] + '\n')
    return user


def visit(place, button, login, **more):
    """By a real browser."""
    story = {'url': f'http://localhost:{place.ports["http"]}', 'host': NAME, 'button': button, 'login': login, **more}
    done = subprocess.run(['node', os.path.join(TOP, 'tests', 'web', 'site', 'provider.mjs'), json.dumps(story)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said['errors'] == [] and said['broken'] == [], said
    return said


def by_cas(place, name, browser=None, **more):
    """The same steps without a page: what the sign-in answers."""
    browser = browser or Browser(place, plain=True)
    begun = browser.ask('POST', '/api/session/sso', {'provider': 'School'}).json()
    service = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(begun['url']).query))['service']
    query = urllib.parse.urlsplit(service).query + '&ticket=' + place.cas.ticket(name, service)
    return browser.ask('POST', '/api/session', {'sso': {'flow': begun['flow'], 'query': query}, **more}), begun, query


def identities(place, address):
    return [(i['issuer'], i['subject']) for i in place.instance.cli('identity', 'list', address)['identities']]


def exists(place, address):
    return place.instance.cli('user', 'show', address, check=False)[0] == 0


# ---- in a browser ----

def test_who_is_new_comes_in_by_cas_and_has_a_mailbox(place):
    said = visit(place, 'School', 'zhang.wei')
    assert said['path'].startswith('/mail') and said['session']['address'] == 'zhang.wei@school.test' and said['session']['name'] == 'zhang.wei 先生'
    assert said['session']['second_factor'] is False
    assert identities(place, 'zhang.wei@school.test') == [(place.cas.address, 'zhang.wei')]


def test_a_colleague_comes_in_by_openid_connect(place):
    make_person(place, 'ann@demo.test')
    said = visit(place, 'Partner', 'ann')
    assert said['path'].startswith('/mail') and said['session']['address'] == 'ann@demo.test'
    assert identities(place, 'ann@demo.test') == [(place.provider.issuer, 'ann')]


def test_the_second_factor_of_ours_stays(place):
    """The provider saw none that is trusted: whoever has one here shows it, though the provider speaks once."""
    user = make_person(place, 'bob@demo.test')
    browser = Browser(place, plain=True).sign_in(user)
    begun = browser.done('factor.totp.begin', label='phone')
    browser.done('factor.totp.confirm', id=begun['id'], code=totp(begun['secret']))
    said = visit(place, 'Partner', 'bob', digits=totp(begun['secret'], step=1))
    assert said['session']['address'] == 'bob@demo.test' and said['session']['second_factor'] is True


# ---- what is tried against it ----

def test_the_second_step_cannot_be_left_out(place):
    user = make_person(place, 'carl@school.test')
    who = Browser(place, plain=True).sign_in(user)
    begun = who.done('factor.totp.begin', label='phone')
    who.done('factor.totp.confirm', id=begun['id'], code=totp(begun['secret']))
    browser = Browser(place, plain=True)
    answer, _, query = by_cas(place, 'carl', browser)
    assert (answer.status, answer.code) == (403, 'factor_needed') and browser.token is None
    seen = answer.json()['flow']
    for wrong in ({}, {'proof': {'kind': 'totp', 'code': '000000'}}):
        refused = browser.ask('POST', '/api/session', {'sso': {'flow': seen, 'query': query}, **wrong})
        assert refused.status == 403 and browser.token is None
    # What stands for the provider's word is no flow of another's, and cannot be changed.
    assert browser.ask('POST', '/api/session', {'sso': {'flow': seen[:-4] + 'AAAA', 'query': ''}}).code == 'flow'
    done = browser.ask('POST', '/api/session', {'sso': {'flow': seen, 'query': ''}, 'proof': {'kind': 'totp', 'code': totp(begun['secret'], step=1)}})
    assert done.status == 200 and done.json()['second_factor'] is True


def test_a_policy_of_second_factors_holds_for_who_comes_by_a_provider(place):
    """Demanded, and none registered: the session does nothing but register one."""
    address = 'dora@school.test'
    assert by_cas(place, 'dora')[0].status == 200
    place.instance.cli('group', 'add', 'strict@school.test', address)
    place.instance.cli('policy', 'set', 'factors', json.dumps({'groups': ['strict@school.test'], 'grace_days': 0}))
    try:
        browser = Browser(place, plain=True)
        answer, _, _ = by_cas(place, 'dora', browser)
        assert answer.status == 200 and answer.json()['must_register_factor'] is True and answer.json()['second_factor'] is False
        assert browser.call('session.list', address=address).code == 'factor_needed' and browser.ask('GET', '/jmap/session').status == 403
        assert browser.done('factor.totp.begin', label='phone')['secret']
    finally:
        place.instance.cli('policy', 'set', 'factors', '{}')


def test_a_ticket_is_good_once_in_its_own_browser(place):
    browser = Browser(place, plain=True)
    answer, begun, query = by_cas(place, 'emil', browser)
    assert answer.status == 200
    assert browser.ask('POST', '/api/session', {'sso': {'flow': begun['flow'], 'query': query}}).status == 403
    # A ticket that an attacker brings along: state of another flow.
    other = Browser(place, plain=True).ask('POST', '/api/session/sso', {'provider': 'School'}).json()
    service = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(other['url']).query))['service']
    before = place.cas.validated
    foisted = urllib.parse.urlsplit(service).query + '&ticket=' + place.cas.ticket('attacker', service)
    assert Browser(place, plain=True).ask('POST', '/api/session', {'sso': {'flow': begun['flow'], 'query': foisted}}).status == 403
    assert place.cas.validated == before, 'the server is not even asked'
    # Of another service, or with more than a ticket in it.
    for ticket in (place.cas.ticket('emil', 'https://other.test/'), 'ST-1%26service=https://other.test/', '', 'PT-1'):
        fresh = Browser(place, plain=True).ask('POST', '/api/session/sso', {'provider': 'School'}).json()
        state = urllib.parse.urlsplit(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(fresh['url']).query))['service']).query
        assert Browser(place, plain=True).ask('POST', '/api/session', {'sso': {'flow': fresh['flow'], 'query': f'{state}&ticket={ticket}'}}).status == 403


def test_nobody_is_made_outside_of_what_the_provider_speaks_for(place):
    """Of another domain of ours, of none of ours, a name that is no address; and where provision is not said, nobody at all."""
    try:
        for address in ('boss@other.test', 'boss@demo.test', 'boss@elsewhere.test', 'boss@school.test.evil', 'boss @school.test', '@school.test'):
            place.cas.attributes = f'<cas:mail>{address}</cas:mail>'
            answer, _, _ = by_cas(place, 'mallory')
            assert answer.status == 403, address
        assert not exists(place, 'boss@other.test') and not exists(place, 'boss@demo.test')
    finally:
        place.cas.attributes = ''
    for name in ('postmaster', 'Admin', 'a' * 80, 'x..y', '&lt;b&gt;'):
        assert by_cas(place, name)[0].status == 403, name
    said = visit(place, 'Partner', 'stranger', until='.signin-failed')
    assert said['session']['signed_in'] is False and not exists(place, 'stranger@demo.test')


def test_a_password_account_is_taken_over_by_no_provider(place):
    make_person(place, 'frida@school.test', managed=False)
    assert by_cas(place, 'frida')[0].status == 403
    assert identities(place, 'frida@school.test') == []


def test_who_came_once_is_that_identity(place):
    """The address goes to somebody else at the provider, or another provider names it: neither opens what the first one had."""
    assert by_cas(place, 'gus')[0].status == 200
    try:
        place.cas.attributes = '<cas:mail>gus@school.test</cas:mail>'
        assert by_cas(place, 'newcomer')[0].status == 403
    finally:
        place.cas.attributes = ''
    assert identities(place, 'gus@school.test') == [(place.cas.address, 'gus')]
    assert by_cas(place, 'gus')[0].status == 200
    # Out at ours is out.
    place.instance.cli('user', 'disable', 'gus@school.test')
    assert by_cas(place, 'gus')[0].status == 403


def test_a_cas_server_that_is_away_lets_nobody_in(place):
    real = place.cas.validate
    try:
        for answer in ('', '<cas:serviceResponse>', 'yes\nzhang.wei\n', '<!DOCTYPE x [<!ENTITY y "zhang.wei">]><serviceResponse><authenticationSuccess><user>&y;</user>'
                       '</authenticationSuccess></serviceResponse>', 'x' * 100_000):
            place.cas.validate = lambda service, ticket, answer=answer: answer
            assert by_cas(place, 'zhang.wei')[0].status in (403, 503), answer[:40]
    finally:
        place.cas.validate = real
    assert by_cas(place, 'zhang.wei')[0].status == 200
