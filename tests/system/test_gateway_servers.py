"""The gateway in front of servers as they are: Debian's Postfix with Dovecot, and another Letterlock. Mail in both directions."""
import json
import os
import smtplib
import socket
import ssl
import tempfile

import pytest

from conftest import PROGRAMS, end_site, make_site
from debian import Debian
from far import Far
from instance import SERVICES, Instance, free_port_base
from mail import HOST, Site, Wire, letter, mark
from test_gateway import said_by
from test_smarthost import wait_for

POSTFIX, SECOND, PLAYED = 'postfix.test', 'second.test', 'played.test'
STRANGER, MANAGEMENT = '192.0.2.99', '127.0.0.44'


@pytest.fixture(scope='module')
def gateway():
    """Its management is on an address of its own."""
    directory, base = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp'), free_port_base()
    listen = [f'{name} {MANAGEMENT if name == "management" else HOST}:{base + offset}' for name, offset in SERVICES]
    instance = Instance(directory, base, PROGRAMS, options={'listen': listen, 'xclient_from': [HOST], 'relay.retry': ['2s'], 'relay.warn': '0', 'gateway.only': 'yes'})
    instance.setup()
    with open(instance.path('zone'), encoding='ascii') as f:
        zone = f.read()
    instance.write('zone', zone + 'phish.test. 300 IN TXT "v=spf1 -all"\n_dmarc.phish.test. 300 IN TXT "v=DMARC1; p=quarantine"\n')
    made = Site(instance, [])
    try:
        instance.start()
        yield made
    finally:
        end_site(made)


@pytest.fixture(scope='module')
def second(gateway):
    made = make_site(options={'xclient_from': ['127.0.0.0/8'], 'trust.judge': 'no', 'relay.smart_host': f'{HOST}:{gateway.ports["smtp"]}'}, seed=False)
    made.instance.cli('domain', 'add', SECOND)
    made.reader = {'address': f'reader@{SECOND}', 'password': 'first-password-1'}
    made.instance.cli('user', 'add', made.reader['address'], '--stdin', stdin=made.reader['password'] + '\n')
    gateway.instance.cli('domain', 'add', SECOND, '--relay', f'{HOST}:{made.ports["smtp"]}', '--verify', 'call', '--client-info', 'xclient',
                         '--from-networks', '127.0.0.1/32')
    gateway.instance.cli('domain', 'dkim', 'add', SECOND, '--algorithm', 'ed25519-sha256')
    gateway.instance.cli('domain', 'dkim', 'rotate', SECOND, '--now')
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def played(gateway):
    server = Far()
    gateway.instance.cli('domain', 'add', PLAYED, '--relay', f'{HOST}:{server.port}')
    yield server
    server.close()


@pytest.fixture(scope='module')
def debian(gateway):
    if os.getuid() != 0:
        pytest.skip('NOT TESTED, in front of Postfix and Dovecot: they need root to start; run it as root')
    made = Debian(POSTFIX, ('ann', 'bob'), gateway.ports['smtp'], gateway.instance.path('tls', 'outside'))
    try:
        made.start()
        # The certificate names it so, and the authority is the one of tls.ca.
        gateway.instance.cli('domain', 'add', POSTFIX, '--relay', f'mx.outside.test:{made.ports["smtp"]}', '--tls', 'verified', '--verify', 'call',
                             '--client-info', 'xclient', '--from-networks', '127.0.0.9')
        gateway.instance.cli('domain', 'dkim', 'add', POSTFIX, '--algorithm', 'ed25519-sha256')
        gateway.instance.cli('domain', 'dkim', 'rotate', POSTFIX, '--now')
        yield made
    finally:
        made.close()


def test_a_stranger_writes_to_somebody_at_postfix(gateway, debian):
    text = mark()
    assert said_by(STRANGER, gateway, f'ann@{POSTFIX}', text, 'mx.stranger.test') == [250] * 3
    raw = debian.mailbox('ann', text)
    assert b'X-Letterlock-Verdict:' in raw and f'Subject: {text}'.encode() in raw
    # Postfix believes us: it saw the stranger.
    debian.logs(f'client=unknown[{STRANGER}]')
    assert b'mx.stranger.test' in raw
    debian.logs('TLS connection established from')


def test_postfix_is_asked_who_is_there(gateway, debian):
    assert said_by(STRANGER, gateway, f'nobody@{POSTFIX}', mark()) == [250, 550]
    assert said_by(STRANGER, gateway, f'bob@{POSTFIX}', mark())[:2] == [250, 250]


def test_mail_of_postfix_leaves_through_us_signed(gateway, debian):
    text = mark()
    with smtplib.SMTP(HOST, debian.ports['smtp'], source_address=('127.0.0.77', 0), timeout=60) as client:
        client.sendmail(f'ann@{POSTFIX}', ['friend@outside.test'], letter(f'ann@{POSTFIX}', 'friend@outside.test', text))
    with open(gateway.outside_has(text, 60), 'rb') as f:
        raw = f.read()
    assert f'd={POSTFIX}'.encode() in raw


def test_a_letter_waits_while_postfix_is_down(gateway, debian):
    text = mark()
    assert said_by(STRANGER, gateway, f'ann@{POSTFIX}', mark()) == [250] * 3  # so that it is known
    debian.stop()
    assert said_by(STRANGER, gateway, f'ann@{POSTFIX}', text) == [250] * 3
    debian.start()
    debian.mailbox('ann', text)


def test_another_letterlock_behind(gateway, second):
    text = mark()
    assert said_by(STRANGER, gateway, second.reader['address'], text, 'mx.stranger.test') == [250] * 3
    raw, = second.find(second.reader, text)
    inner = raw[raw.index(b'Received:'):]
    inner = inner[:inner.index(b'\r\nReceived:')] if b'\r\nReceived:' in inner else inner
    assert STRANGER.encode() in inner and b'mx.stranger.test' in inner
    assert said_by(STRANGER, gateway, f'nobody@{SECOND}', mark()) == [250, 550]
    text = mark()
    second.send(second.reader, ['friend@outside.test'], letter(second.reader['address'], 'friend@outside.test', text))
    with open(gateway.outside_has(text, 60), 'rb') as f:
        assert f'd={SECOND}'.encode() in f.read()


def test_what_the_server_behind_says_later_is_tried_again_and_what_it_refuses_comes_back(gateway, played):
    text = mark()
    played.answers = {'DATA': b'451 4.2.2 later\r\n'}
    gateway.deliver([f'ann@{PLAYED}'], letter('stranger@outside.test', f'ann@{PLAYED}', text))
    wait_for(lambda: played.count('DATA') >= 2)
    played.answers = {}
    played.has(text)
    played.answers = {'RCPT': b'550 5.1.1 gone since\r\n'}
    text = mark()
    gateway.deliver([f'ann@{PLAYED}'], letter('stranger@outside.test', f'ann@{PLAYED}', text))
    path = gateway.outside_has(text, 60)
    played.answers = {}
    with open(path, 'rb') as f:
        report = f.read()
    assert b'multipart/report' in report and b'5.1.1' in report


def test_a_domain_says_what_is_done_with_junk(gateway, played):
    cli, to, texts = gateway.instance.cli, f'ann@{PLAYED}', [mark() for _ in range(3)]
    assert said_by(STRANGER, gateway, to, texts[0], sender='boss@phish.test') == [250] * 3
    assert b'X-Letterlock-Verdict:' in played.has(texts[0])[2] and f'Subject: {texts[0]}'.encode() in played.has(texts[0])[2]
    cli('domain', 'policy', PLAYED, '--junk', 'reject')
    assert said_by(STRANGER, gateway, to, texts[1], sender='boss@phish.test') == [250, 250, 550]
    cli('domain', 'policy', PLAYED, '--junk', 'quarantine')
    assert said_by(STRANGER, gateway, to, texts[2], sender='boss@phish.test') == [250] * 3
    wait_for(lambda: cli('quarantine', 'list')['messages'])
    assert not any(texts[2].encode() in data for _, _, data, _ in played.letters)
    cli('domain', 'policy', PLAYED, '--junk', 'tag')


def files_of(place):
    """Every byte below the data directory: what a thief of the disk has."""
    found = {}
    for folder, _, names in os.walk(os.path.realpath(place.instance.path('data'))):
        for name in names:
            try:
                with open(os.path.join(folder, name), 'rb') as f:
                    found[os.path.join(folder, name)] = f.read()
            except FileNotFoundError:
                pass
    return found


def written_since(before, place):
    """Pieces of the sealed record that packs have got since, all over its length."""
    pieces = []
    for name, data in files_of(place).items():
        if not name.endswith('.pack'):
            continue
        old, data = before.get(name, b'').rstrip(b'\0'), data.rstrip(b'\0')
        new = data[len(old):]
        pieces += [new[at:at + 32] for at in range(0, len(new) - 32, 997)]
    return pieces


def test_nothing_of_what_was_passed_on_stays(gateway, played):
    """Neither a word of it nor its sealed record; what still waits is whole."""
    cli, text, waiting, to = gateway.instance.cli, mark(), mark(), f'ann@{PLAYED}'
    jobs = lambda: cli('queue', 'list')['jobs']  # noqa: E731
    wait_for(lambda: not jobs())
    played.answers = {'DATA': b'451 4.2.2 later\r\n'}
    gateway.deliver([to], letter('stranger@outside.test', to, waiting))
    wait_for(jobs)
    held, = {job['id'] for job in jobs()}
    cli('queue', 'hold', held)
    before = files_of(gateway)
    words = [mark() for _ in range(400)]
    gateway.deliver([to], letter('stranger@outside.test', to, text, '\r\n'.join(words) + '\r\n'))
    wait_for(lambda: len({job['id'] for job in jobs()}) == 2)
    pieces = written_since(before, gateway)
    assert len(pieces) > 3 and any(pieces[0] in data for data in files_of(gateway).values())
    played.answers = {}
    played.has(text)
    wait_for(lambda: {job['id'] for job in jobs()} == {held})
    cli('queue', 'compact')
    wait_for(lambda: not any(piece in data for data in files_of(gateway).values() for piece in pieces))
    for name, data in files_of(gateway).items():
        assert text.encode() not in data and words[0].encode() not in data, name
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(gateway.instance.path('run', 'admin.sock'))
        s.sendall(b'{"op":"queue.check","args":{}}\n')
        assert json.loads(s.makefile().readline())['result']['problems'] == []
    cli('queue', 'release', held)
    played.has(waiting)


def test_the_gateway_has_no_mailbox(gateway, played):
    cli = gateway.instance.cli
    cli('domain', 'add', 'own.test')
    code, result, _ = cli('user', 'add', 'ann@own.test', '--stdin', stdin='first-password-1\n', check=False)
    assert code != 0 and result['code'] == 'gateway'
    cli('user', 'add', 'root@own.test', '--role', 'administrator', '--stdin', stdin='first-password-1\n')
    _, said, _ = cli('check', check=False)
    assert said['gateway']['gateway_only'] and said['gateway']['mailboxes'] == 0 and said['gateway']['problems'] == []
    assert any(PLAYED in w['what'] for w in said['gateway']['warnings'])


def test_management_is_on_its_own_address_only(gateway):
    context = gateway.tls()
    request = b'GET /health HTTP/1.1\r\nHost: mail.demo.test\r\n\r\n'
    with socket.create_connection((MANAGEMENT, gateway.ports['management']), timeout=30) as s, context.wrap_socket(s) as tls:
        tls.sendall(request)
        assert tls.recv(1000).startswith(b'HTTP/1.1')
    with pytest.raises(ConnectionRefusedError):
        Wire(gateway.ports['management'])
    # What it serves there, the public listeners do not.
    for service in ('smtp', 'submission', 'imap', 'pop3', 'submissions', 'imaps', 'pop3s'):
        with Wire(gateway.ports[service], context if service.endswith('s') else None) as wire:
            wire.line()
            wire.send(request)
            assert b'HTTP/' not in wire.line(), service


# ---- who sits between us and the server behind ----

def context(gateway, name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(gateway.instance.path('tls', f'{name}.pem'), gateway.instance.path('tls', f'{name}.key'))
    return made


ATTACKS = ('stripped', 'refused', 'injected', 'certificate')


@pytest.fixture(scope='module')
def guarded(gateway):
    """Only under TLS, with a certificate for its name."""
    server = Far()
    for attack in ATTACKS:
        gateway.instance.cli('domain', 'add', f'{attack}.test', '--relay', f'mx.outside.test:{server.port}', '--tls', 'verified')
    yield server
    server.close()


@pytest.mark.parametrize('attack', ATTACKS)
def test_nothing_is_said_without_the_tls_that_the_domain_asks_for(gateway, guarded, attack):
    """STARTTLS is taken out of the answer, is refused, is followed by an answer in the clear, or ends at somebody else."""
    guarded.drop()  # a connection that was good may carry the next letter
    wait_for(lambda: not guarded.open)
    guarded.context = None if attack == 'stripped' else context(gateway, 'server' if attack == 'certificate' else 'outside')
    guarded.answers = {'refused': {'STARTTLS': b'454 4.7.0 not now\r\n'}, 'injected': {'STARTTLS': b'220 go\r\n250-far.test\r\n250 PIPELINING\r\n'}}.get(attack, {})
    sessions, text, to = len(guarded.sessions), mark(), f'ann@{attack}.test'
    gateway.deliver([to], letter('stranger@outside.test', to, text))
    wait_for(lambda: any('EHLO' in s.verbs for s in guarded.sessions[sessions:]))
    wait_for(lambda: not guarded.open)
    guarded.context, guarded.answers = context(gateway, 'outside'), {}
    arrived = guarded.has(text, 60)[3]
    assert arrived.tls
    for session in guarded.sessions[sessions:]:
        assert session is arrived or not set(session.verbs) & {'MAIL', 'RCPT', 'DATA', 'AUTH', 'XCLIENT', 'HELO'}, session.lines
