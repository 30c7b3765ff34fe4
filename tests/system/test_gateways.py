"""Gateways for codes: real HTTPS servers that take them, refuse, are slow, point elsewhere or lie."""
import http.server
import json
import os
import re
import socket
import ssl
import sys
import tempfile
import threading
import time
import urllib.parse

import pytest

from conftest import end_site, make_site
from mail import HOST

sys.path.insert(0, os.path.join(__import__('conftest').TOP, 'tools', 'demo'))
from api import Refused  # noqa: E402
from test_factors import signed_in  # noqa: E402

NAME = 'mx.outside.test'
PASSWORD = 'korb-laterne-moos-winkel'
SECRET = 'Bearer not-for-the-log'
# What the server does is chosen by the last digits of the number.
TAKES, REFUSES, IS_SLOW, POINTS_ELSEWHERE, IS_TOO_LONG, IS_TWO_LENGTHS, IS_NO_HTTP, HANGS_UP = (f'+86138001380{n:02d}' for n in range(8))


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    asked, done = [], threading.Event()

    def answer(self, status, *fields, body=b'{}'):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.asked.append(('GET', self.path, '', {}))
        self.answer(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        self.asked.append(('POST', self.path, body, dict(self.headers)))
        to = urllib.parse.parse_qs(body).get('to', [''])[0]
        if to == REFUSES:
            self.answer(403)
        elif to == IS_SLOW:
            self.done.wait(120)
        elif to == POINTS_ELSEWHERE:
            self.answer(302, ('Location', f'https://{NAME}:{self.server.server_port}/elsewhere'))
        elif to == IS_TOO_LONG:
            self.answer(200, body=b'x' * 1000000)
        elif to == IS_TWO_LENGTHS:
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}')
        elif to == IS_NO_HTTP:
            self.wfile.write(b'220 mx.outside.test ESMTP\r\n')
        elif to == HANGS_UP:
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{')
        else:
            self.answer(200)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # who hangs up first is no news


@pytest.fixture(scope='module')
def site():
    server = Server((HOST, 0), Gateway)
    port = server.server_port
    with tempfile.NamedTemporaryFile('w', dir='/var/tmp', prefix='letterlock-test-', delete=False) as f:
        f.write(SECRET + '\n')
    os.chmod(f.name, 0o644)
    made = make_site(seed=False, options={
        'auth': {'failure_delay': '100ms', 'sms_url': f'https://{NAME}:{port}/sms', 'sms_body': 'to={to}&code={code}', 'sms_key_file': f.name,
                 'code_mail_url': f'https://{NAME}:{port}/mail', 'code_mail_body': '{"to":["{to}"],"code":"{code}"}'},
        'limits.logins_per_minute': '0', 'fetch.allow': [f'{NAME}:{port}', '127.0.0.1']})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.instance.path('tls', 'outside.pem'), made.instance.path('tls', 'outside.key'))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.instance.cli('domain', 'add', 'demo.test')
    made.gateway = server
    yield made
    Gateway.done.set()
    server.shutdown()
    server.server_close()
    end_site(made)
    os.unlink(f.name)


def session_of(site, local):
    user = {'address': f'{local}@demo.test', 'password': PASSWORD}
    site.instance.cli('user', 'add', user['address'], '--stdin', stdin=PASSWORD + '\n')
    return user, signed_in(site, user)


def log_text(site):
    with open(site.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as log:
        return log.read()


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f'nothing after {seconds} s'
        time.sleep(0.1)


def asked_for(text):
    return [a for a in list(Gateway.asked) if text in a[2]]


def test_a_code_by_sms_reaches_the_gateway_as_configured(site):
    _, session = session_of(site, 'gate.takes')
    begun = session.call('factor.contact.set', kind='sms', to='+86 138 0013 8000')
    method, path, body, fields = wait_for(lambda: asked_for(urllib.parse.quote(TAKES)))[0]
    assert (method, path, fields['Authorization']) == ('POST', '/sms', SECRET)
    assert fields['Content-Type'] == 'application/x-www-form-urlencoded' and fields['Host'].startswith(NAME)
    code = urllib.parse.parse_qs(body)['code'][0]
    session.call('factor.contact.confirm', id=begun['id'], challenge=begun['challenge'], code=code)
    assert not re.search(rf'\b{code}\b', log_text(site)) and SECRET not in log_text(site)


def test_a_code_by_mail_goes_by_the_gateway_where_there_is_one(site):
    _, session = session_of(site, 'gate.mail')
    begun = session.call('factor.contact.set', kind='mail', to='"a\\"b"@side.test')
    body = json.loads(wait_for(lambda: asked_for('side.test'))[0][2])
    assert body['to'] == ['"a\\"b"@side.test']
    session.call('factor.contact.confirm', id=begun['id'], challenge=begun['challenge'], code=body['code'])


@pytest.mark.parametrize('number', [REFUSES, POINTS_ELSEWHERE, IS_TOO_LONG, IS_TWO_LENGTHS, IS_NO_HTTP, HANGS_UP, IS_SLOW])
def test_a_gateway_that_does_not_take_a_code_is_said_and_harms_nobody(site, number):
    _, session = session_of(site, f'gate.bad{number[-2:]}')
    said = log_text(site).count('a gateway did not take a code')
    begun = session.call('factor.contact.set', kind='sms', to=number)
    body = wait_for(lambda: asked_for(urllib.parse.quote(number)))[0][2]
    wait_for(lambda: log_text(site).count('a gateway did not take a code') > said)
    assert len(asked_for(urllib.parse.quote(number))) == 1
    assert not [a for a in list(Gateway.asked) if 'elsewhere' in a[1]]
    code = urllib.parse.parse_qs(body)['code'][0]
    assert not re.search(rf'\b{code}\b', log_text(site))
    # Whoever got the code from it can use it all the same: the gateway's word decides nothing.
    session.call('factor.contact.confirm', id=begun['id'], challenge=begun['challenge'], code=code)


def test_a_slow_gateway_holds_up_nobody_else(site):
    _, session = session_of(site, 'gate.slow')
    session.call('factor.contact.set', kind='sms', to=IS_SLOW)
    _, other = session_of(site, 'gate.other')
    before = len(asked_for(urllib.parse.quote(TAKES)))
    other.call('factor.contact.set', kind='sms', to=TAKES)
    wait_for(lambda: len(asked_for(urllib.parse.quote(TAKES))) > before)


def test_a_server_with_another_name_in_its_certificate_gets_nothing(site):
    path = site.instance.path('zone')
    with open(path, encoding='ascii') as f:
        zone = f.read()
    _, session = session_of(site, 'gate.wrong')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.instance.path('tls', 'server.pem'), site.instance.path('tls', 'server.key'))
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        took = []

        def serve():
            connection, _ = listener.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as tls:
                    took.append(tls.recv(4000))
            except (ssl.SSLError, OSError):
                took.append(b'')
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        site.instance.options['auth']['sms_url'] = f'https://{NAME}:{port}/sms'
        site.instance.options['fetch.allow'] = [f'{NAME}:{port}', '127.0.0.1']
        site.instance.write_config()
        site.instance.cli('reload')
        said = log_text(site).count('a gateway did not take a code')
        session.call('factor.contact.set', kind='sms', to=TAKES)
        wait_for(lambda: log_text(site).count('a gateway did not take a code') > said)
        thread.join(timeout=30)
        assert took == [b'']
    assert zone


def test_check_says_what_cannot_work(site):
    for change, words in (({'sms_url': 'https://nowhere.test/sms'}, 'fetch.allow'), ({'sms_url': 'http://x.test/'}, 'https://'),
                          ({'sms_url': '', 'sms_body': '{code}'}, 'auth.sms_body'), ({'sms_body': 'to={to}'}, '{code}'),
                          ({'sms_body': 'code={code}'}, '{to}')):
        auth = dict(site.instance.options['auth'])
        site.instance.options['auth'] = {**auth, **change}
        site.instance.write_config()
        status, result, text = site.instance.cli('check', check=False)
        site.instance.options['auth'] = auth
        assert status == 7 and words in json.dumps(result) + text, (change, status, result, text)
    site.instance.write_config()
