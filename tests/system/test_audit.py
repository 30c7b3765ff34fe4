"""The audit log: what happens is recorded, proven, traced and carried outside; what is done to the log is found."""
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from api import Api, totp
from conftest import PROGRAMS, end_site, make_site
from instance import Failure, free_port_base
from mail import HOST, letter, mark

SECRET = 'a secret of the webhook'
PATIENCE = 6


def verify(*args, text=None):
    done = subprocess.run([os.path.join(PROGRAMS, 'letterlock-verify'), *args], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Receiver:
    """Takes lines over TCP; can be away and come back."""

    def __init__(self, port, context=None):
        self.port, self.context, self.parts, self.stopped = port, context, [], False
        self.thread = None

    def start(self):
        self.stopped = False
        self.listener = socket.create_server((HOST, self.port))
        self.listener.settimeout(0.2)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.listener.close()

    def run(self):
        while not self.stopped:
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                self.take(connection)

    def take(self, connection):
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
        connection.settimeout(0.2)
        self.parts.append(b'')
        with connection:
            while not self.stopped:
                with contextlib.suppress(TimeoutError):
                    got = connection.recv(65536)
                    if not got:
                        return
                    self.parts[-1] += got

    def frames(self):
        """RFC 5425: length, space, message. What a connection left unfinished comes again on the next."""
        out = []
        for rest in self.parts:
            while b' ' in rest:
                n, _, rest = rest.partition(b' ')
                if len(rest) < int(n):
                    break
                out.append(rest[:int(n)].decode())
                rest = rest[int(n):]
        return out

    def lines(self):
        return [line for part in self.parts for line in part[:part.rfind(b'\n') + 1].splitlines()]


class Tsa:
    """A time stamp service of openssl's."""

    def __init__(self, folder):
        self.folder = folder
        self.run('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '10', '-subj', '/CN=Time', '-addext',
                 'extendedKeyUsage=critical,timeStamping', '-keyout', 'tsa.key', '-out', 'tsa.pem')
        (folder / 'tsa.cnf').write_text('[tsa]\ndefault_tsa=one\n[one]\nserial=serial\ndefault_policy=1.2.3.4\ndigests=sha256\n'
                                        'signer_digest=sha256\ness_cert_id_alg=sha256\n')

    def run(self, *args):
        subprocess.run(['openssl', *args], cwd=self.folder, check=True, capture_output=True)

    def answer(self, query):
        (self.folder / 'query').write_bytes(query)
        self.run('ts', '-reply', '-queryfile', 'query', '-signer', 'tsa.pem', '-inkey', 'tsa.key', '-config', 'tsa.cnf', '-out', 'answer')
        return (self.folder / 'answer').read_bytes()


class Hook(http.server.BaseHTTPRequestHandler):
    """The outside over HTTPS: webhook, co-signer, time stamp service."""
    records, wrong, refuse = [], 0, 0
    cosign, known, tsa = [], 0, None

    def answer(self, status, body=b''):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def witness(self, body):
        """C2SP tlog-witness: 409 with the size that is known when the question begins elsewhere."""
        old = int(body.split(b'\n')[0][4:])
        if old != Hook.known or not Hook.cosign:
            self.answer(409, b'%d\n' % Hook.known)
            return
        code, line = verify(*Hook.cosign, text=body.decode())
        if code == 0:
            Hook.known = int(body.partition(b'\n\n')[2].split(b'\n')[1])
        self.answer(200 if code == 0 else 422, line.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/witness/add-checkpoint':
            self.witness(body)
            return
        if self.path == '/tsa':
            self.answer(200, Hook.tsa.answer(body))
            return
        if Hook.refuse > 0:
            Hook.refuse -= 1
            self.send_response(503)
        else:
            stated = re.fullmatch(r't=(\d+),v1=([0-9a-f]{64})', self.headers['X-Letterlock-Signature'])
            wanted = hmac.digest(SECRET.encode(), stated[1].encode() + b'.' + body, hashlib.sha256).hex()
            Hook.wrong += wanted != stated[2]
            Hook.records += json.loads(body)['records']
            self.send_response(204)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.1)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp('audit')
    key = str(folder / 'witness.key')
    code, witness = verify('keygen', '--name', 'witness.test', '--key-file', key)
    assert code == 0
    code, other = verify('keygen', '--name', 'web.test', '--key-file', str(folder / 'web.key'))
    assert code == 0
    Hook.tsa = Tsa(folder)
    base = free_port_base() + 40
    # Where the user that runs the server can read it.
    fd, secret = tempfile.mkstemp(prefix='letterlock-test-', dir='/var/tmp')
    with os.fdopen(fd, 'w') as f:
        f.write(SECRET + '\n')
    os.chmod(secret, 0o644)
    hook = http.server.ThreadingHTTPServer((HOST, 0), Hook)
    made = make_site({
        'audit.sinks': [f'siem syslog tls://127.0.0.1:{base}', f'lines json tcp://127.0.0.1:{base + 1}', f'arc cef tcp://127.0.0.1:{base + 2}',
                        f'hook webhook https://127.0.0.1:{hook.server_port}/in'],
        'audit.cosigners': [f'manual {witness.strip()}', f'https://127.0.0.1:{hook.server_port}/witness {other.strip()}'],
        'audit.timestamp_url': f'https://127.0.0.1:{hook.server_port}/tsa', 'audit.webhook_secret_file': secret, 'audit.mail_without': f'{PATIENCE}s',
        'fetch.allow': [f'127.0.0.1:{hook.server_port}', '127.0.0.1']})
    made.witness_key, made.witness, made.port, made.web_witness, made.folder = key, witness.strip(), base, other.strip(), folder
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.instance.path('tls', 'server.pem'), made.instance.path('tls', 'server.key'))
    hook.socket = tls.wrap_socket(hook.socket, server_side=True)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    made.server_tls = tls
    yield made
    hook.shutdown()
    os.unlink(secret)
    end_site(made)


@pytest.fixture(scope='module')
def auditor(place, tmp_path_factory):
    """The command line tool in the session of the auditor."""
    session = str(tmp_path_factory.mktemp('session') / 'token')
    person = next(p for p in place.staff if p['role'] == 'auditor')
    context = place.tls()
    # A code counts once: that of the next step, for the one of now was used at the enrolment.
    proof = {'kind': 'totp', 'code': totp(person['totp_secret'], step=1)}
    api = Api(place.ports['management'], context).sign_in(person['address'], person['password'], proof=proof)
    with open(session, 'w', encoding='utf-8') as f:
        f.write(api.token + '\n')
    os.chmod(session, 0o600)

    def cli(*args, **more):
        return place.instance.cli(*args, session=session, **more)
    return cli


def export(auditor, path, *args):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    code, _, words = auditor('audit', 'export', '--output', str(path), *args, check=False)
    assert code == 0, words
    return path.read_text(encoding='utf-8')


def audit_pid(site):
    return next(r['pid'] for r in site.instance.cli('status')['roles'] if r['role'] == 'audit')


def all_records(auditor):
    return auditor('audit', 'list')['records']


# ---- the proof ----

def test_an_export_proves_itself_and_every_change_is_found(place, auditor, folder):
    text = export(auditor, folder / 'e')
    key = auditor('audit', 'head')['key']
    assert verify('--key', key, str(folder / 'e'))[0] == 0
    lines = text.splitlines(keepends=True)
    for name, changed in {
            'a bit': text.replace('login.ok', 'login.oj', 1), 'removed': ''.join(lines[:5] + lines[6:]),
            'reordered': ''.join(lines[:5] + [lines[6], lines[5]] + lines[7:]), 'doubled': ''.join(lines[:6] + lines[5:]),
            'cut': ''.join(lines[:-1]), 'added': text + lines[3]}.items():
        (folder / 'f').write_text(changed, encoding='utf-8')
        assert verify('--key', key, str(folder / 'f'))[0] == 1, name
    other = key[:-2] + ('AA' if key[-2:] != 'AA' else 'BB')
    assert verify('--key', other, str(folder / 'e'))[0] == 1


def test_single_records_and_older_heads_are_proven(auditor, folder, place):
    key = auditor('audit', 'head')['key']
    (folder / 'head').write_text(auditor('audit', 'head')['note'], encoding='utf-8')
    size = auditor('audit', 'head')['size']
    place.deliver(place.user('chen.yu')['address'], letter('stranger@outside.test', 'x', mark()))
    until(lambda: auditor('audit', 'head')['size'] > size)
    (folder / 'one').write_text(auditor('audit', 'prove', '--record', '7')['text'], encoding='utf-8')
    assert verify('--key', key, str(folder / 'one'))[0] == 0
    (folder / 'more').write_text(auditor('audit', 'prove', '--old-size', str(size))['text'], encoding='utf-8')
    code, words = verify('--key', key, '--head', str(folder / 'head'), str(folder / 'more'))
    assert code == 0 and 'older heads proven 1' in words
    export(auditor, folder / 'e')
    assert verify('--key', key, '--head', str(folder / 'head'), str(folder / 'e'))[0] == 0


def test_another_host_co_signs(place, auditor, folder):
    key, state = auditor('audit', 'head')['key'], str(folder / 'state')
    args = ['cosign', '--key', key, '--name', 'witness.test', '--key-file', place.witness_key, '--state', state]
    asked = auditor('audit', 'cosign-request', '--old-size', '0')
    code, line = verify(*args, text=asked['text'])
    assert code == 0, line
    auditor_line = folder / 'line'
    auditor_line.write_text(line, encoding='utf-8')
    admin = place.instance.cli('audit', 'cosign', '--size', str(asked['size']), '--input', str(auditor_line), check=False)
    assert admin[0] == 5  # an administrator has no right over the audit log
    code, _, words = auditor('audit', 'cosign', '--size', str(asked['size']), '--input', str(auditor_line), check=False)
    assert code == 0, words
    assert place.instance.cli('audit', 'status')['cosigned_size'] == asked['size']
    # The head that goes on from there is co-signed; one that does not is refused.
    until(lambda: auditor('audit', 'head')['size'] > asked['size'])
    later = auditor('audit', 'cosign-request')
    assert verify(*args, text=later['text'])[0] == 0
    assert verify(*args, text=asked['text'])[0] == 1
    # A line that cannot be written is not a success.
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([os.path.join(PROGRAMS, 'letterlock-verify'), *args[:-1], str(folder / 'other-state')],
                              input=asked['text'].encode(), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b'could not be written' in done.stderr


def test_a_co_signer_and_a_time_stamp_service_are_asked_by_themselves(place, auditor, folder):
    key = auditor('audit', 'head')['key']
    Hook.cosign = ['cosign', '--key', key, '--name', 'web.test', '--key-file', str(place.folder / 'web.key'), '--state', str(folder / 'state')]
    time.sleep(1.2)
    before = auditor('audit', 'head')['size']
    place.instance.cli('reload')
    until(lambda: place.instance.cli('audit', 'status')['cosigned_size'] >= before and place.instance.cli('audit', 'status')['stamped_size'] > 0, 60)
    assert Hook.known > 0


def test_a_time_stamp_brought_by_hand_proves_itself_in_an_export(place, auditor, folder):
    key, tsa = auditor('audit', 'head')['key'], Tsa(folder)
    time.sleep(1.2)
    code, _, words = auditor('audit', 'timestamp-request', '--output', str(folder / 'q'), check=False)
    size = re.search(r'size (\d+):', words)[1]
    assert code == 0
    (folder / 'r').write_bytes(tsa.answer((folder / 'q').read_bytes()))
    assert auditor('audit', 'timestamp', '--size', size, '--input', str(folder / 'q'), check=False)[0] == 5
    assert auditor('audit', 'timestamp', '--size', size, '--input', str(folder / 'r'), check=False)[0] == 0
    code, _, words = auditor('audit', 'export', '--end', size, '--size', size, '--output', str(folder / 'e'), check=False)
    assert code == 0, words
    code, words = verify('--key', key, '--tsa-ca', str(folder / 'tsa.pem'), str(folder / 'e'))
    assert code == 0 and 'time stamp, verified' in words, words
    assert verify('--key', key, '--tsa-ca', str(place.folder / 'tsa.pem'), str(folder / 'e'))[0] == 1
    changed = re.sub(r'("stamp":".{200})(.)', lambda m: m[1] + ('A' if m[2] != 'A' else 'B'), (folder / 'e').read_text(encoding='utf-8'))
    (folder / 'f').write_text(changed, encoding='utf-8')
    assert verify('--key', key, '--tsa-ca', str(folder / 'tsa.pem'), str(folder / 'f'))[0] == 1


# ---- what is recorded ----

def test_a_message_is_traced_from_door_to_mailbox_and_outside(place, auditor):
    anna, chen = place.user('anna.schmidt'), place.user('chen.yu')
    word = mark()
    place.send(anna, [chen['address'], 'partner@outside.test'], letter(anna['address'], chen['address'], word))
    place.find(chen, word)

    def steps():
        return auditor('trace', '--address', anna['address'])['records']
    until(lambda: any(s['event'] == 'queue.delivered' and 'partner@outside.test' in s['fields']['to'] for s in steps()))
    accepted = [s for s in steps() if s['event'] == 'smtp.accepted' and 'partner@outside.test' in s['fields']['to']][-1]
    assert chen['address'] in accepted['fields']['to'] and accepted['fields']['from'] == anna['address']
    until(lambda: {'smtp.accepted', 'mail.filed', 'queue.delivered'} <= {s['event'] for s in auditor('trace', accepted['fields']['mid'])['records']})
    assert word not in json.dumps(auditor('trace', accepted['fields']['mid']))


def test_sign_ins_and_administrative_acts_are_recorded_with_their_person(place, auditor):
    with contextlib.suppress(Exception), place.imap({'address': 'anna.schmidt@demo.test'}, 'wrong password'):
        pass
    place.instance.cli('domain', 'add', 'recorded.test')
    until(lambda: any(r['event'] == 'admin.request' and r['fields']['op'] == 'domain.add' and r['fields']['actor'].startswith('admin@')
                      for r in all_records(auditor)), 10)
    failed = [r for r in all_records(auditor) if r['event'] == 'login.failed']
    assert failed and failed[0]['fields']['ip'] == HOST
    assert any(r['event'] == 'audit.read' and r['fields']['actor'].startswith('auditor@') for r in all_records(auditor))
    assert auditor('audit', 'list', '--event', 'login.ok', '--actor', 'anna.schmidt@demo.test')['records']
    assert not auditor('audit', 'list', '--class', 'key', '--actor', 'anna.schmidt@demo.test')['records']


def test_the_log_on_the_disk_shows_nothing(place):
    folder = place.instance.path('data', 'audit')
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as f:
            data = f.read()
        assert b'anna' not in data and b'login' not in data


# ---- outside receivers ----

def test_nothing_is_lost_while_a_receiver_is_away(place, auditor):
    siem = Receiver(place.port, place.server_tls).start()
    lines, arc = Receiver(place.port + 1).start(), Receiver(place.port + 2).start()
    until(lambda: siem.frames() and lines.lines() and arc.frames(), 90)
    siem.stop()
    lines.stop()
    words = [mark() for _ in range(5)]
    for word in words:
        place.deliver(place.user('chen.yu')['address'], letter('stranger@outside.test', 'x', word))
    siem.start()
    lines.start()
    last = all_records(auditor)[0]['number']

    def numbers():
        return [json.loads(line)['n'] for line in lines.lines()]
    until(lambda: last in numbers(), 90)
    assert set(range(min(numbers()), last)) <= set(numbers())
    until(lambda: any(f' n="{last}" ' in f for f in siem.frames()), 90)
    seen = {int(re.search(r' n="(\d+)"', f)[1]) for f in siem.frames()}
    assert set(range(min(seen), last)) <= seen
    assert all(re.match(r'<1\d\d>1 \d{4}-\d\d-\d\dT[\d:.]+Z mail\.demo\.test letterlock \S+ \S+ \[audit@32473 n="', f) for f in siem.frames())
    assert all('CEF:0|Letterlock|Letterlock|' in f for f in arc.frames())
    until(lambda: all(s['behind'] < 30 for s in place.instance.cli('audit', 'status')['sinks']))
    for receiver in (siem, lines, arc):
        receiver.stop()


def test_webhooks_are_signed_and_sent_again_after_a_refusal(place, auditor):
    Hook.refuse = 2
    place.deliver(place.user('chen.yu')['address'], letter('stranger@outside.test', 'x', mark()))
    last = all_records(auditor)[0]['number']
    until(lambda: any(r['n'] >= last for r in Hook.records), 60)
    seen = [r['n'] for r in Hook.records]
    assert Hook.wrong == 0 and set(range(min(seen), last)) <= set(seen)


# ---- when it cannot write ----

def test_acts_stop_at_once_and_mail_after_its_patience(place):
    pid, chen = audit_pid(place), place.user('chen.yu')
    os.kill(pid, signal.SIGSTOP)
    try:
        code, result, _ = place.instance.cli('domain', 'add', 'unrecorded.test', check=False)
        assert code == 4 and 'unrecorded.test' not in json.dumps(result)
        assert place.deliver(chen['address'], letter('stranger@outside.test', 'x', mark())) == {}
        time.sleep(PATIENCE + 1)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            place.deliver(chen['address'], letter('stranger@outside.test', 'x', mark()))
        assert refused.value.smtp_code == 451
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: place.instance.cli('domain', 'add', mark() + '.test', check=False)[0] == 0)
    assert 'unrecorded.test' not in json.dumps(place.instance.cli('domain', 'list'))
    until(lambda: delivers(place, chen))


def delivers(place, user):
    with contextlib.suppress(smtplib.SMTPException):
        return place.deliver(user['address'], letter('stranger@outside.test', 'x', mark())) == {}


def test_kills_of_audit_under_load_lose_and_double_nothing(place, auditor, folder):
    chen, ids, stop = place.user('chen.yu'), [], threading.Event()

    def load():
        while not stop.is_set():
            with contextlib.suppress(smtplib.SMTPException, OSError), place.smtp() as client:
                client.ehlo()
                for _ in range(20):
                    client.mail('stranger@outside.test')
                    client.rcpt(chen['address'])
                    code, words = client.data(letter('stranger@outside.test', 'x', mark()))
                    if code == 250:
                        ids.append(words.decode().rsplit(' ', 1)[1])

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        running = [pool.submit(load) for _ in range(3)]
        for _ in range(6):
            time.sleep(0.7)
            with contextlib.suppress(ProcessLookupError):
                os.kill(audit_pid(place), signal.SIGKILL)
            until(lambda: any(r['role'] == 'audit' and r['state'] == 'ready' for r in place.instance.cli('status')['roles']))
        stop.set()
        for r in running:
            r.result()
    assert len(ids) > 50

    def recorded():
        return [r['fields']['mid'] for r in auditor('audit', 'list', '--event', 'smtp.accepted')['records']]
    until(lambda: set(ids) <= set(recorded()), 60)
    assert len(recorded()) == len(set(recorded()))
    text = export(auditor, folder / 'e')
    assert verify('--key', auditor('audit', 'head')['key'], str(folder / 'e'))[0] == 0
    senders = {}
    for line in text.splitlines():
        record = json.loads(line)
        if 's' in record:
            start, _, number = record['s'].partition('-')
            senders.setdefault((record['r'], start), []).append(int(number))
    assert all(numbers == list(range(numbers[0], numbers[0] + len(numbers))) for (role, _), numbers in senders.items() if role != 'audit/0')


# ---- the thief of disk and keys ----

class Honest:
    """A stopped server whose log somebody is going to rewrite, and what left the machine before: a head, its size, the state of a witness."""

    def __init__(self, folder):
        self.folder, self.site = folder, make_site(seed=False)
        cli = self.site.instance.cli
        for name in ('one', 'two', 'three'):
            cli('domain', 'add', f'{name}.test')
        until(lambda: sum(r['fields'].get('op') == 'domain.add' for r in cli('audit', 'list')['records']) >= 3, 30)
        until(lambda: cli('audit', 'head')['size'] > 8, 30)  # heads are signed once a second
        head = cli('audit', 'head')
        self.key, self.size, self.kept = head['key'], head['size'], folder / 'kept'
        self.kept.write_text(head['note'], encoding='utf-8')
        code, words = verify('keygen', '--name', 'witness.test', '--key-file', str(folder / 'witness.key'))
        assert code == 0, words
        assert self.witness('witnessed', cli('audit', 'cosign-request', '--old-size', '0')['text']) == 0
        self.site.instance.stop()
        self.data = self.site.instance.path('data')
        shutil.copytree(os.path.join(self.data, 'audit'), folder / 'audit')
        self.own()

    def witness(self, state, text):
        args = ['cosign', '--key', self.key, '--name', 'witness.test', '--key-file', str(self.folder / 'witness.key')]
        return verify(*args, '--state', str(self.folder / state), text=text)[0]

    def own(self):
        for root, _, names in os.walk(os.path.join(self.data, 'audit')):
            for path in [root, *(os.path.join(root, n) for n in names)]:
                self.site.instance.account.own(path)

    def rewrite(self, *how):
        """The log as it was, rewritten and signed with its own key; the server runs on it."""
        audit, fresh = os.path.join(self.data, 'audit'), os.path.join(self.data, 'audit.new')
        for folder in (audit, fresh):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / 'audit', audit)
        done = subprocess.run([os.path.join(PROGRAMS, '../../tests/proof/rewrite'), os.path.join(self.data, 'master.key'), self.data, 'mail.demo.test/audit',
                               *how], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and int(done.stdout.split()[2]) > 0, done.stdout + done.stderr
        shutil.rmtree(audit)
        os.rename(fresh, audit)
        self.own()
        self.site.instance.start()


@pytest.fixture(scope='module')
def honest(tmp_path_factory):
    made = Honest(tmp_path_factory.mktemp('rewrite'))
    yield made
    end_site(made.site)


@pytest.mark.parametrize('how', [('change', 'domain.add', 'domain.set'), ('remove', '5'), ('swap', '5'), ('cut', '6')], ids=lambda how: how[0])
def test_root_can_rewrite_the_log_and_only_what_left_the_machine_tells(honest, how, folder):
    cli, key = honest.site.instance.cli, honest.key
    honest.rewrite(*how)
    try:
        # The server cannot know: every signature is right.
        assert cli('audit', 'status')['trusted'] is True
        if how[0] == 'change':
            assert not any(r['fields'].get('op') == 'domain.add' for r in cli('audit', 'list')['records'])
        (folder / 'one').write_text(cli('audit', 'prove', '--record', '1')['text'], encoding='utf-8')
        assert verify('--key', key, str(folder / 'one'))[0] == 0
        # What is shorter than it was grows beyond the old size: nobody can tell by the number.
        while cli('audit', 'head')['size'] < honest.size:
            cli('domain', 'add', f'more{time.monotonic_ns()}.test')
            time.sleep(0.3)
        (folder / 'old').write_text(cli('audit', 'prove', '--old-size', str(honest.size))['text'], encoding='utf-8')
        code, words = verify('--key', key, '--head', str(honest.kept), str(folder / 'old'))
        assert code == 1 and 'rewritten' in words
        assert honest.witness('witnessed', cli('audit', 'cosign-request', '--old-size', str(honest.size))['text']) == 1
        # A witness who sees this log for the first time signs it: the older head is what tells.
        assert honest.witness(f'new-{how[0]}', cli('audit', 'cosign-request', '--old-size', '0')['text']) == 0
    finally:
        honest.site.instance.stop()


def test_a_log_that_lost_its_end_takes_no_more_records(folder):
    made = make_site(seed=False)
    try:
        made.instance.cli('domain', 'add', 'one.test')
        made.instance.stop()
        segment = made.instance.path('data', 'audit', 'log-00000000000000000000')
        os.truncate(segment, os.path.getsize(segment) - 1)
        made.instance.start()
        status = made.instance.cli('audit', 'status')
        assert status['trusted'] is False and status['problem']
        assert made.instance.cli('domain', 'add', 'two.test', check=False)[0] == 4
        assert made.instance.cli('audit', 'list')['records']
    finally:
        end_site(made)


def ports_are_free(instance):
    try:
        instance.check_ports()
    except Failure:
        return False
    return True


def test_a_killed_server_keeps_the_record_of_every_act_that_was_answered(folder):
    made = make_site(seed=False)
    try:
        done = []
        for turn in range(4):
            for n in range(3):
                name = f'd{turn}x{n}.test'
                if made.instance.cli('domain', 'add', name, check=False)[0] == 0:
                    done.append(name)
            made.instance.processes['letterlockd'].kill()
            made.instance.stop()
            until(lambda: ports_are_free(made.instance))
            made.instance.start()
        begun = [r for r in made.instance.cli('audit', 'list')['records'] if r['event'] == 'admin.begun']
        assert len(done) == 12 and len(begun) >= len(done)
        assert made.instance.cli('audit', 'verify')['ok'] is True
        assert made.instance.cli('audit', 'status')['trusted'] is True
    finally:
        end_site(made)
