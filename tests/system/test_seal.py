"""Nothing of a letter is on the disk in the clear, whatever happens; and who has the disk and every key file opens no letter of a mailbox."""
import base64
import contextlib
import email
import email.header
import email.policy
import imaplib
import json
import os
import quopri
import re
import shutil
import signal
import struct
import subprocess
import time

import pytest

from conftest import PROGRAMS, TOP, end_site, make_site
from mail import all_messages, letter, mark
from people import OUTSIDE

PROOF = os.environ.get('LETTERLOCK_PROOF', os.path.normpath(os.path.join(PROGRAMS, '..', '..', 'tests', 'proof')))
NEEDLE_MIN, NEEDLE_MAX, SLICES = 8, 200, 24
KIND_OUTBOUND = 4  # of a record's reader
KIND_PASSWORD, KIND_APP, KIND_SCRAM = 1, 3, 4  # of wraps

UNUSUAL = 'quetzalcoatlus-hydroxyzine'
SECRET_WORDS = 'The xylophonist Wojciechowska hid 4711 rhododendrons beneath the observatory.'
SECRET_CHINESE = '鯤鵬展翅九萬里翻動扶搖羊角的秘密合同條款'
DISPLAY_NAME = 'Thaddeus Quillfeather-Brzęczyszczykiewicz'
FILE_BYTES = bytes((i * 167 + 13 + i // 251) % 256 for i in range(60_000))


# ---- what must not be found ----

def special_letters(user):
    """One letter in every encoding that somebody might store as it came."""
    boundary = 'edge-of-the-proof-7c1d'
    head = (f'From: =?utf-8?b?{base64.b64encode(DISPLAY_NAME.encode()).decode()}?= <thaddeus@outside.test>\r\nTo: {user["address"]}\r\n'
            f'Subject: {UNUSUAL} %s\r\nMessage-ID: <%s.zugzwang-identifier@outside.test>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n'
            'X-Mailer: Proof of the ornithopter 99.3\r\nMIME-Version: 1.0\r\n')
    text = SECRET_WORDS + '\r\n' + SECRET_CHINESE + '\r\n'
    forms = {
        'plain': ('text/plain; charset=utf-8', '8bit', text.encode()),
        'base64': ('text/plain; charset=utf-8', 'base64', base64.encodebytes(text.encode()).replace(b'\n', b'\r\n')),
        'qp': ('text/plain; charset=utf-8', 'quoted-printable', quopri.encodestring(text.encode()).replace(b'\r', b'').replace(b'\n', b'\r\n')),
        'utf16': ('text/plain; charset=utf-16', 'base64', base64.encodebytes(text.encode('utf-16')).replace(b'\n', b'\r\n')),
        'file': (f'multipart/mixed; boundary="{boundary}"', '7bit',
                 f'--{boundary}\r\nContent-Type: text/plain\r\n\r\n{SECRET_WORDS}\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n'
                 f'Content-Disposition: attachment; filename="obelisk-inventory.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'.encode()
                 + base64.encodebytes(FILE_BYTES).replace(b'\n', b'\r\n') + f'\r\n--{boundary}--\r\n'.encode()),
    }
    return [(head % (name, name + mark()) + f'Content-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n').encode() + body
            for name, (kind, coding, body) in forms.items()]


class Needles:
    def __init__(self):
        self.all = set()

    def add(self, data):
        data = data.strip()[:NEEDLE_MAX]
        # Zeros and single characters are no text.
        if len(data) >= NEEDLE_MIN and len(set(data)) > 3:
            self.all.add(data)

    def add_text(self, text):
        """In the encodings in which a program might hold it; base64 at each of its three phases."""
        text = text.strip()
        for form in {text, text.lower()}:
            for charset in ('utf-8', 'utf-16-le', 'utf-16-be'):
                data = form.encode(charset, 'replace')
                self.add(data)
                for phase in range(3):
                    coded = base64.b64encode(data[phase:phase + 3 * ((len(data) - phase) // 3)])
                    if len(coded) >= 16:
                        self.add(coded)
            self.add(quopri.encodestring(form.encode('utf-8', 'replace')).split(b'=\n')[0])

    def add_letter(self, raw):
        head, _, body = raw.partition(b'\r\n\r\n')
        for line in head.split(b'\r\n'):
            self.add(line)
            self.add(line.partition(b':')[2])
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        for name in ('Subject', 'From', 'To', 'Cc', 'Message-ID', 'References', 'In-Reply-To'):
            for value in message.get_all(name, []):
                self.add_header(str(value))
        for line in body.split(b'\r\n'):
            self.add(line)
        for part in message.walk():
            if not part.is_multipart():
                self.add_part(part)

    def add_header(self, value):
        with contextlib.suppress(Exception):
            value = str(email.header.make_header(email.header.decode_header(value)))
        for piece in re.split(r'[<>",\r\n]+', value):
            self.add_text(piece)

    def add_part(self, part):
        content = part.get_payload(decode=True) or b''
        step = max(1, len(content) // SLICES)
        for at in range(0, len(content), step):
            self.add(content[at:at + 48])
        if part.get_content_maintype() == 'text':
            with contextlib.suppress(LookupError, UnicodeError):
                for line in content.decode(part.get_content_charset() or 'utf-8').splitlines()[:200]:
                    self.add_text(line)

    def write(self, path):
        with open(path, 'wb') as f:
            for needle in sorted(self.all):
                f.write(struct.pack('>I', len(needle)) + needle)


# ---- where it is searched ----

def files_below(folder):
    return [os.path.join(where, name) for where, _, names in os.walk(os.path.realpath(folder)) for name in names]


def processes(instance):
    return [r['pid'] for r in instance.cli('status')['roles']]


def open_files(instance):
    """What the processes hold open or mapped: files of ours, deleted ones, memory files. Libraries and sockets are not ours."""
    data, found = os.path.realpath(instance.path('data')), []
    for pid in processes(instance):
        for kind in ('fd', 'map_files'):
            with contextlib.suppress(OSError):
                for name in os.listdir(f'/proc/{pid}/{kind}'):
                    path = f'/proc/{pid}/{kind}/{name}'
                    with contextlib.suppress(OSError):
                        target = os.readlink(path)
                        ours = target.startswith(data) or ('(deleted)' in target and 'letterlockd' not in target and 'configuration' not in target)
                        if ours and target.startswith('/'):
                            found.append(path)
    return found


def without_repetitions(paths):
    """The same file is open in many processes."""
    seen = {}
    for path in paths:
        with contextlib.suppress(OSError):
            stat = os.stat(path)
            seen.setdefault((stat.st_dev, stat.st_ino), path)
    return list(seen.values())


def search(needles, paths, folder):
    listing = os.path.join(folder, 'needles')
    needles.write(listing)
    done = subprocess.run([os.path.join(PROOF, 'search'), listing, *paths], capture_output=True, text=True, timeout=300, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [(x['file'], x['what'], bytes.fromhex(x['text'])) for x in lines[:-1]], lines[-1]


def everything(site):
    needles = Needles()
    for user in site.users:
        with site.imap(user) as client:
            for line in client.list()[1]:
                box = re.search(rb'(?:"/" )"?([^"]+)"?$', line).group(1).decode('ascii')
                for raw in all_messages(client, f'"{box}"'):
                    needles.add_letter(raw)
        needles.add_text(user['address'])
        needles.add_text(user['name'])
    for local in ('info', 'finance', 'postmaster', 'office'):
        needles.add_text(f'{local}@demo.test')
    for word in (UNUSUAL, SECRET_WORDS, SECRET_CHINESE, DISPLAY_NAME, 'zugzwang-identifier', 'obelisk-inventory.bin', 'ornithopter 99.3'):
        needles.add_text(word)
    return needles


# ---- the system that is looked at ----

class Proof:
    def __init__(self, folder):
        self.site, self.folder = make_site(), str(folder)
        self.user = self.site.user('chen.yu')
        for data in special_letters(self.user):
            self.site.deliver([self.user['address']], data)
        self.site.find(self.user, UNUSUAL, count=5)
        self.waiting = [mark(), mark()]
        for subject, local in zip(self.waiting, ('timeout', 'temperror')):
            target = f'{local}@{OUTSIDE}'
            self.site.send(self.user, target, letter(self.user['address'], target, subject, SECRET_WORDS + '\r\n'))
        self.needles = everything(self.site)

    @property
    def instance(self):
        return self.site.instance

    def data_files(self):
        return files_below(self.instance.path('data'))

    def assert_nothing_in(self, paths):
        paths = without_repetitions(paths)
        found, summary = search(self.needles, paths, self.folder)
        assert found == []
        assert summary['files'] == len(paths) > 10 and summary['bytes'] > 1_000_000 and summary['needles'] > 3000
        return summary

    def start(self):
        if 'letterlockd' not in self.instance.processes:
            self.instance.start_server()
            self.instance.wait_ready(30)

    def stop_server(self):
        if 'letterlockd' not in self.instance.processes:
            return
        process = self.instance.processes.pop('letterlockd')
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope='module')
def proof(tmp_path_factory):
    made = Proof(tmp_path_factory.mktemp('seal'))
    yield made
    end_site(made.site)


# ---- the tests run in this order ----

def test_the_search_finds_what_is_there(proof):
    plain, frame = os.path.join(proof.folder, 'plain'), os.path.join(proof.folder, 'frame')
    with open(plain, 'wb') as f:
        f.write(os.urandom(5000) + SECRET_CHINESE.encode('utf-16-le') + os.urandom(70) + FILE_BYTES[20000:30000])
    # One zstd frame with one raw block.
    text = SECRET_WORDS.encode()
    with open(frame, 'wb') as f:
        f.write(os.urandom(999) + b'\x28\xb5\x2f\xfd\x20' + bytes([len(text)]) + struct.pack('<I', len(text) << 3 | 1)[:3] + text)
    for path, kinds in ((plain, {'text'}), (frame, {'text', 'zstd'})):
        found, _ = search(proof.needles, [path], proof.folder)
        assert {what for _, what, _ in found} == kinds


def test_a_loaded_running_system_has_no_text_on_the_disk(proof):
    proof.assert_nothing_in(proof.data_files() + open_files(proof.instance))


def test_the_log_names_addresses_but_no_text(proof):
    words = Needles()
    # Header lines of every letter, such as its character set, are words of the log's too.
    words.all = {n for n in proof.needles.all if len(n) >= 16 and not re.search(rb'@|\.test|utf-8', n)}
    found, summary = search(words, [proof.instance.path('log', 'letterlockd.log')], proof.folder)
    assert found == [] and summary['needles'] > 2000


def test_index_searches_changes_and_deletes_leave_no_text(proof):
    user = proof.user
    with proof.site.imap(user) as client:
        client.select('INBOX')
        for words in (SECRET_WORDS.split()[2], 'rhododendrons', 'the'):
            client.search(None, 'TEXT', f'"{words}"')
        client.literal = SECRET_CHINESE[:5].encode()
        client.search('UTF-8', 'BODY')
        client.sort('(REVERSE SUBJECT FROM SIZE)', 'UTF-8', 'ALL')
        client.thread('REFERENCES', 'UTF-8', 'ALL')
        client.create('Kept')
        numbers = client.search(None, 'SUBJECT', f'"{UNUSUAL}"')[1][0].split()
        client.copy(b','.join(numbers).decode(), 'Kept')
        client.store('1:*', '+FLAGS', r'(\Seen $Chrysanthemum-keyword)')
        client.rename('Kept', 'Renamed')
        client.append('Renamed', r'(\Draft)', imaplib.Time2Internaldate(time.time()), special_letters(user)[4])
        client.store(numbers[0], '+FLAGS', r'(\Deleted)')
        client.expunge()
        proof.needles.add(b'$Chrysanthemum-keyword')
        proof.assert_nothing_in(proof.data_files() + open_files(proof.instance))
    proof.assert_nothing_in(proof.data_files() + open_files(proof.instance))


def test_kill_9_leaves_no_text(proof):
    proof.start()
    with proof.site.imap(proof.user) as client:
        client.select('INBOX')
        client.store('1:*', '-FLAGS', r'(\Seen)')
        for data in special_letters(proof.user):
            proof.site.deliver([proof.user['address']], data)
        pids = processes(proof.instance)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        proof.instance.processes.pop('letterlockd').wait(10)
    proof.assert_nothing_in(proof.data_files())


def test_start_after_the_kill_and_a_clean_stop_leave_no_text(proof):
    proof.start()
    assert len(proof.site.find(proof.user, UNUSUAL, count=9)) >= 9
    proof.stop_server()
    proof.assert_nothing_in(proof.data_files())


# ---- what people sign in with ----

def code_bytes(code):
    """The secret of a code: 28 letters of base32 are 16 bytes and a checksum."""
    return base64.b32decode(code.replace('-', '').upper() + '====')[:16]


def about_processes(instance, folder):
    """Command lines and environments, as files that can be searched."""
    path = os.path.join(folder, 'processes')
    with open(path, 'wb') as out:
        for pid in processes(instance):
            for name in ('cmdline', 'environ'):
                with contextlib.suppress(OSError), open(f'/proc/{pid}/{name}', 'rb') as f:
                    out.write(f.read() + b'\n')
    return path


def test_passwords_and_codes_are_nowhere(proof):
    proof.start()
    cli, address = proof.instance.cli, 'kookaburra.keeper@demo.test'
    first, password, wrong = 'Provisional-Nightjar-31', 'Laughing-Kookaburra-Überraschung-77', 'Mistaken-Kingfisher-Passphrase-5'
    cli('user', 'add', address, '--name', 'Keeper', '--stdin', stdin=first + '\n')
    recovery = cli('user', 'passwd', address, '--stdin', stdin=f'{first}\n{password}\n')['recovery_code']
    app = cli('user', 'app-password', 'add', address, '--label', 'telephone', '--stdin', stdin=password + '\n')['app_password']
    keeper = {'address': address, 'password': app}
    with proof.site.imap(keeper) as client:
        client.select('INBOX')
        with proof.site.smtp(keeper) as smtp:
            smtp.noop()
        with pytest.raises(imaplib.IMAP4.error), proof.site.imap(keeper, wrong):
            pass
        plain = imaplib.IMAP4_SSL('127.0.0.1', proof.instance.ports['imaps'], ssl_context=proof.site.tls(), timeout=60)
        plain.authenticate('PLAIN', lambda _: f'\0{address}\0{password}'.encode())
        needles = Needles()
        for text in (first, password, wrong, recovery, app, recovery.replace('-', ''), app.replace('-', ''), f'\0{address}\0{password}'):
            needles.add_text(text)
        for code in (recovery, app):
            needles.add(code_bytes(code))
            needles.add(code_bytes(code).hex().encode())
        paths = [*proof.data_files(), *open_files(proof.instance), *files_below(proof.instance.path('log')),
                 about_processes(proof.instance, proof.folder)]
        found, summary = search(needles, paths, proof.folder)
        assert found == [] and summary['needles'] > 80
        plain.logout()


def test_nothing_stored_of_a_code_opens_its_wrap(proof):
    """The attack tries lookup hashes and SCRAM keys as they are stored; the code itself opens, so it would have noticed."""
    proof.start()
    cli, address, password = proof.instance.cli, 'nightjar.keeper@demo.test', 'Own-Nightjar-Passphrase-8'
    cli('user', 'add', address, '--name', 'Keeper', '--stdin', stdin='First-Nightjar-Passphrase\n')
    cli('user', 'passwd', address, '--stdin', stdin=f'First-Nightjar-Passphrase\n{password}\n')
    app = cli('user', 'app-password', 'add', address, '--label', 'telephone', '--stdin', stdin=password + '\n')['app_password']
    _, wraps, summary = attack(proof, copy='codes')
    assert wraps == [] and summary['wraps'] > 9
    _, wraps, _ = attack(proof, f'{address} {app}\n', copy='codes')
    assert {x['address'] for x in wraps} == {address} and {x['kind'] for x in wraps} == {KIND_APP, KIND_SCRAM}


# ---- the thief of disk and key files ----

def attack(proof, given='', copy='copy'):
    """Runs the offline attack on a copy of everything that is on the disk."""
    data = os.path.join(proof.folder, copy)
    proof.stop_server()
    if not os.path.exists(data):
        shutil.copytree(os.path.realpath(proof.instance.path('data')), data, ignore=shutil.ignore_patterns('spare'))
    done = subprocess.run([os.path.join(PROOF, 'offline'), proof.instance.path('letterlock.yaml'), data], input=given, capture_output=True, text=True,
                          timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [x for x in lines if 'pack' in x], [x for x in lines if 'wrap' in x], lines[-1]


def subjects(records):
    return {bytes.fromhex(x['subject']).decode('utf-8', 'replace') for x in records}


def test_disk_and_key_files_open_waiting_outbound_mail_and_nothing_else(proof):
    records, wraps, summary = attack(proof)
    assert summary['records'] == summary['entries'] > 60 and summary['wraps'] >= 7 and summary['databases'] >= 7
    assert wraps == [] and summary['wraps_open'] == 0 and summary['databases_open'] == 0
    # Only the outbound copy opens, and only by the key of its epoch.
    assert all(x['kind'] == KIND_OUTBOUND and x['how'].startswith('epoch ') for x in records)
    assert subjects([x for x in records if x['waiting']]) == set(proof.waiting) and summary['waiting'] == 2
    # What was sent already opens as long as its epoch lives; letters that stayed in the house do not.
    assert not any(UNUSUAL in subject for subject in subjects(records))


def test_the_same_program_with_one_password_opens_that_mailbox_only(proof):
    records, wraps, summary = attack(proof, f'{proof.user["address"]} {proof.user["password"]}\n')
    assert {x['address'] for x in wraps} == {proof.user['address']} and summary['databases_open'] == 1
    assert {x['kind'] for x in wraps} >= {KIND_PASSWORD}
    own = [x for x in records if x['how'] == 'the password was given']
    assert len(own) >= 10 and any(UNUSUAL in subject for subject in subjects(own))


def test_the_recovery_code_opens_it_too_and_a_wrong_password_nothing(proof):
    first = proof.site.users[0]
    _, wraps, _ = attack(proof, f'{first["address"]} {first["recovery_code"]}\n')
    assert {x['how'] for x in wraps} == {'the code was given'} and {x['address'] for x in wraps} == {first['address']}
    _, wraps, _ = attack(proof, f'{first["address"]} {first["password"]}x\n')
    assert wraps == []


def test_without_the_master_key_nothing_opens(proof):
    data = os.path.join(proof.folder, 'thief')
    proof.stop_server()
    shutil.copytree(os.path.realpath(proof.instance.path('data')), data, ignore=shutil.ignore_patterns('spare'))
    with open(os.path.join(data, 'master.key'), 'wb') as f:
        f.write(os.urandom(32))
    done = subprocess.run([os.path.join(PROOF, 'offline'), proof.instance.path('letterlock.yaml'), data], input='', capture_output=True, text=True,
                          timeout=100, check=False)
    assert done.returncode == 1 and 'key store' in done.stderr and done.stdout == ''


def test_when_the_queue_is_empty_and_its_epoch_ended_no_record_opens(proof):
    proof.start()
    for row in proof.instance.cli('queue', 'list')['jobs']:
        proof.instance.cli('--yes', 'queue', 'drop', row['id'])
    end = time.monotonic() + 30
    while proof.instance.cli('queue', 'list')['jobs']:
        assert time.monotonic() < end
        time.sleep(0.2)
    proof.stop_server()
    ended = subprocess.run([os.path.join(PROOF, 'offline'), '--end-epochs', proof.instance.path('letterlock.yaml')], capture_output=True, text=True,
                           timeout=60, check=True)
    assert json.loads(ended.stdout)['dropped'] >= 1
    records, wraps, summary = attack(proof, copy='empty')
    assert records == [] and wraps == [] and summary['waiting'] == 0 and summary['records'] > 60
