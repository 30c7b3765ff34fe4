"""Push (RFC 8620 7.2): an endpoint of our own gets what only it can read, and says when it is gone."""
import base64
import contextlib
import datetime
import http.server
import json
import os
import queue
import signal
import socket
import ssl
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conftest import end_site, make_site
from jmap_client import CORE, MAIL, Jmap, JmapError
from mail import letter, mark

NAME = 'mx.outside.test'


def wait_for(look, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, 'it does not happen'
        time.sleep(0.1)


def refusals(site):
    """How often fetch said no."""
    folder = site.instance.path('log')
    return sum(open(os.path.join(folder, name), encoding='utf-8', errors='replace').read().count('fetch.failed') for name in os.listdir(folder))


def unbase(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def base(data):
    return base64.urlsafe_b64encode(data).decode().rstrip('=')


def hkdf(salt, secret, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class Endpoint(http.server.ThreadingHTTPServer):
    """A push service and its one subscriber in one."""

    def __init__(self, instance):
        super().__init__(('127.0.0.1', 0), Receiver)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(instance.path('tls', 'outside.pem'), instance.path('tls', 'outside.key'))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.key, self.secret = ec.generate_private_key(ec.SECP256R1()), b'sixteen secrets!'
        self.came, self.answers = queue.Queue(), []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def keys(self):
        point = self.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return {'p256dh': base(point), 'auth': base(self.secret)}

    def url(self, path):
        return f'https://{NAME}:{self.server_address[1]}{path}'

    def opened(self, body):
        """RFC 8291 4."""
        salt, theirs, sealed = body[:16], body[21:86], body[86:]
        assert (int.from_bytes(body[16:20], 'big'), body[20]) == (4096, 65)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        secret = hkdf(self.secret, shared, b'WebPush: info\0' + unbase(self.keys['p256dh']) + theirs, 32)
        plain = AESGCM(hkdf(salt, secret, b'Content-Encoding: aes128gcm\0', 16)).decrypt(hkdf(salt, secret, b'Content-Encoding: nonce\0', 12), sealed, None)
        assert plain[-1] == 2
        return json.loads(plain[:-1])

    def next(self, path, seconds=60):
        """The next message that came there; what came elsewhere meanwhile belongs to a subscription that is over."""
        at = None
        while at != path:
            at, fields, body = self.came.get(timeout=seconds)
        assert fields['content-encoding'] == 'aes128gcm' and int(fields['ttl']) > 0
        return fields, self.opened(body)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        code = self.server.answers.pop(0) if self.server.answers else 201
        self.send_response(code)
        self.send_header('Content-Length', '0')
        self.end_headers()
        if code < 300 or code == 410:
            self.server.came.put((self.path, {k.lower(): v for k, v in self.headers.items()}, body))

    def log_message(self, *args):
        pass


@pytest.fixture(scope='module')
def site():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    made = make_site({'fetch.allow': ['127.0.0.1', *(f'{NAME}:{p}' for p in [port])]})
    made.push_port = port
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def endpoint(site):
    class Fixed(Endpoint):
        def server_bind(self):
            self.server_address = ('127.0.0.1', site.push_port)
            super().server_bind()

    made = Fixed(site.instance)
    yield made
    made.shutdown()


@pytest.fixture(scope='module')
def jmap(site):
    return Jmap(site, site.user('maria.rossi'))


def plain(jmap, name, **args):
    """These methods have no accountId."""
    answer = jmap.calls([name, args, '0'], using=[CORE, MAIL])[0]
    if answer[0] == 'error':
        raise JmapError(answer[1])
    return answer[1]


def check_token(jmap, endpoint, fields):
    """RFC 8292 3: signed by the key that the session object names (RFC 9749)."""
    assert fields['authorization'].startswith('vapid ')
    parts = dict(p.strip().split('=', 1) for p in fields['authorization'][6:].split(','))
    server = jmap.session()['capabilities']['urn:ietf:params:jmap:webpush-vapid']['applicationServerKey']
    assert parts['k'] == server
    head, claims, signature = parts['t'].split('.')
    raw = unbase(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], 'big'), int.from_bytes(raw[32:], 'big'))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase(server)).verify(der, f'{head}.{claims}'.encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(unbase(claims))
    now = datetime.datetime.now().timestamp()
    assert said['aud'] == endpoint.url('') and now < said['exp'] <= now + 86400 and said['sub'].startswith('mailto:')


def subscribe(jmap, endpoint, path, **more):
    made = plain(jmap, 'PushSubscription/set', create={'s': {'deviceClientId': 'test', 'url': endpoint.url(path), 'keys': endpoint.keys, **more}})
    assert made['notCreated'] is None, made
    created = made['created']['s']
    fields, verification = endpoint.next(path)
    assert verification['@type'] == 'PushVerification' and verification['pushSubscriptionId'] == created['id']
    check_token(jmap, endpoint, fields)
    return created['id'], verification['verificationCode']


def verified(jmap, endpoint, path, **more):
    found, code = subscribe(jmap, endpoint, path, **more)
    assert plain(jmap, 'PushSubscription/set', update={found: {'verificationCode': code}})['updated'] == {found: None}
    return found


def gone(jmap, found):
    assert plain(jmap, 'PushSubscription/set', destroy=[found])['destroyed'] == [found]


def test_a_subscription_is_verified_and_keeps_its_secrets(jmap, endpoint):
    found, code = subscribe(jmap, endpoint, '/one')
    wrong = plain(jmap, 'PushSubscription/set', update={found: {'verificationCode': 'x' + code}})
    assert wrong['notUpdated'][found]['type'] == 'invalidProperties'
    shown = plain(jmap, 'PushSubscription/get')['list']
    assert [(s['id'], s['deviceClientId'], s['verificationCode'], s['types']) for s in shown] == [(found, 'test', None, None)]
    plain(jmap, 'PushSubscription/set', update={found: {'verificationCode': code, 'types': ['Email']}})
    later = plain(jmap, 'PushSubscription/get', ids=[found, 'nothing'])
    assert later['list'][0]['verificationCode'] == code and later['list'][0]['types'] == ['Email'] and later['notFound'] == ['nothing']
    assert 'url' not in later['list'][0] and 'keys' not in later['list'][0] and 'state' not in later
    with pytest.raises(JmapError) as refused:
        plain(jmap, 'PushSubscription/get', properties=['url'])
    assert refused.value.args[0]['type'] == 'forbidden'
    gone(jmap, found)


def test_what_is_no_subscription_is_named(jmap, endpoint):
    good = {'deviceClientId': 'test', 'url': endpoint.url('/x'), 'keys': endpoint.keys}
    for changes, bad in (({'url': 'http://push.example/'}, 'url'), ({'keys': None}, 'keys'), ({'keys': {**endpoint.keys, 'p256dh': 'BAAA'}}, 'keys'),
                         ({'expires': '2001-01-01T00:00:00Z'}, 'expires'), ({'types': 'Email'}, 'types'), ({'verificationCode': 'x'}, 'verificationCode'),
                         ({'state': 1}, 'state'), ({'deviceClientId': ''}, 'deviceClientId')):
        answer = plain(jmap, 'PushSubscription/set', create={'s': {**good, **changes}})['notCreated']['s']
        assert (answer['type'], answer['properties']) == ('invalidProperties', [bad])
    with pytest.raises(JmapError):
        plain(jmap, 'PushSubscription/get', accountId=jmap.account)
    far = plain(jmap, 'PushSubscription/set', create={'s': {**good, 'url': endpoint.url('/far'), 'expires': '2999-01-01T00:00:00Z'}})['created']['s']
    endpoint.next('/far')
    assert far['expires'] < '2999'
    gone(jmap, far['id'])


def test_changes_are_told_without_a_word_of_the_letter(site, jmap, endpoint):
    found, subject = verified(jmap, endpoint, '/open', types=['Email', 'EmailDelivery']), mark()
    with site.imap(jmap.user):
        site.deliver(jmap.user['address'], letter('stranger@outside.test', jmap.user['address'], subject))
        kinds = set()
        while not {'Email', 'EmailDelivery'} <= kinds:
            _, message = endpoint.next('/open')
            assert message['@type'] == 'StateChange' and list(message['changed']) == [jmap.account]
            assert subject not in json.dumps(message)
            kinds |= set(message['changed'][jmap.account])
        assert kinds == {'Email', 'EmailDelivery'}
        # What a person does is no delivery.
        found_letter = wait_for(lambda: jmap.find(subject))[0]
        jmap.call('Email/set', update={found_letter: {'keywords/$seen': True}})
        _, message = endpoint.next('/open')
        assert set(message['changed'][jmap.account]) == {'Email'}
    gone(jmap, found)


def test_what_comes_while_nobody_is_signed_in_is_told(site, endpoint):
    person = next(u for u in site.users if not u['address'].startswith('maria.rossi'))
    jmap = Jmap(site, person)
    found = verified(jmap, endpoint, '/away', types=['EmailDelivery'])
    for process in site.instance.cli('status')['roles']:
        if process['role'] == 'mail':
            os.kill(process['pid'], signal.SIGKILL)

    def told():
        """A hint may be lost while the process comes back: then the next letter tells."""
        site.deliver(person['address'], letter('stranger@outside.test', person['address'], mark()))
        with contextlib.suppress(queue.Empty):
            return endpoint.next('/away', seconds=5)
        return None

    _, message = wait_for(told, seconds=120)
    assert set(message['changed'][jmap.account]) == {'EmailDelivery'}
    gone(jmap, found)


def test_who_signs_out_everywhere_is_told_nothing_more(site, endpoint):
    person = site.users[2]
    jmap = Jmap(site, person)
    verified(jmap, endpoint, '/out', types=['Mailbox'])
    site.instance.cli('user', 'passwd', person['address'], '--stdin', stdin=f'{person["password"]}\nAnother long word 77!\n')
    again = Jmap(site, person, password='Another long word 77!')
    assert plain(again, 'PushSubscription/get')['list'] == []


def test_a_service_that_is_busy_is_asked_again(site, jmap, endpoint):
    found = verified(jmap, endpoint, '/busy', types=['Mailbox'])
    endpoint.answers[:] = [503]
    jmap.call('Mailbox/set', create={'m': {'name': mark()}})
    assert set(endpoint.next('/busy')[1]['changed'][jmap.account]) == {'Mailbox'}
    gone(jmap, found)


def test_a_subscription_that_is_gone_ends(site, jmap, endpoint):
    found = verified(jmap, endpoint, '/gone', types=['Mailbox'])
    endpoint.answers[:] = [410]
    jmap.call('Mailbox/set', create={'m': {'name': mark()}})
    endpoint.next('/gone')
    wait_for(lambda: plain(jmap, 'PushSubscription/get', ids=[found])['notFound'] == [found])


def test_addresses_inside_are_not_reached(site, jmap, endpoint):
    """A name or number of a place that fetch.allow does not hold: nothing connects there."""
    with contextlib.closing(socket.create_server(('127.0.0.2', 0))) as trap:
        trap.setblocking(False)
        before = refusals(site)
        made = plain(jmap, 'PushSubscription/set', create={'s': {
            'deviceClientId': 'test', 'url': f'https://127.0.0.2:{trap.getsockname()[1]}/', 'keys': endpoint.keys}})['created']['s']
        wait_for(lambda: refusals(site) > before)
        with pytest.raises(BlockingIOError):
            trap.accept()
        gone(jmap, made['id'])
