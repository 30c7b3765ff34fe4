"""Partners of judging: the real Rspamd over its HTTP protocol, the real opendkim as a milter, and a milter that says what a test wants."""
import contextlib
import email
import email.policy
import os
import pwd
import shutil
import smtplib
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import end_site, make_site
from instance import free_port_base
from mail import HOST, letter, mark
from test_revoke import new_user

# In halves, so that nobody takes this file for one.
GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*' + 'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
# Its rules need a minute to start on a busy machine and nothing here needs them: the test patterns of Rspamd are in its core.
CONFIG = '''
options {{ filters = ""; disable_hyperscan = true; url_tld = "{dir}/tlds"; enable_test_patterns = true; control_socket = "{dir}/control.sock mode=0600"; local_addrs = [];
    dns {{ nameserver = ["127.0.0.1:{dead}"]; timeout = 0.1s; retransmits = 1; }} }}
logging {{ type = "file"; filename = "{dir}/rspamd.log"; level = "info"; }}
worker "normal" {{ bind_socket = "{socket} mode=0666"; count = 1; }}
actions {{ reject = 15; add_header = 6; }}
'''


def wait_for(path, process, seconds=180):
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            return
        assert process.poll() is None and time.monotonic() < end, f'nobody listens at {path}'
        time.sleep(0.1)


class Rspamd:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='letterlock-rspamd-', dir='/var/tmp')
        self.socket, self.process = os.path.join(self.folder, 'rspamd.sock'), None
        with open(os.path.join(self.folder, 'rspamd.conf'), 'w', encoding='ascii') as f:
            f.write(CONFIG.format(dir=self.folder, socket=self.socket, dead=free_port_base()))
        with open(os.path.join(self.folder, 'tlds'), 'w', encoding='ascii') as f:
            f.write('test\nexample\n')
        os.chmod(self.folder, 0o755)
        self.user = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam('_rspamd')
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.user = ['-u', '_rspamd', '-g', '_rspamd']

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        self.process = subprocess.Popen(['rspamd', '-f', '-c', os.path.join(self.folder, 'rspamd.conf'), *self.user,
                                         *(f'--var={name}={self.folder}' for name in ('LOCAL_CONFDIR', 'DBDIR', 'RUNDIR', 'LOGDIR'))],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.socket, self.process)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(30)
            self.process = None


class OpenDkim:
    """Mode v: says in a field what it found."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='letterlock-opendkim-', dir='/var/tmp')
        self.socket = os.path.join(self.folder, 'opendkim.sock')
        os.chmod(self.folder, 0o755)
        with open(os.path.join(self.folder, 'opendkim.conf'), 'w', encoding='ascii') as f:
            f.write(f'Mode v\nSocket local:{self.socket}\nUMask 000\nAlwaysAddARHeader yes\nSyslog no\nBackground no\nNameservers 127.0.0.1\nDNSTimeout 2\n'
                    f'AuthservID opendkim.test\n')
        self.process = subprocess.Popen(['/usr/sbin/opendkim', '-f', '-x', f.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.socket, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


class Scripted(socketserver.ThreadingTCPServer):
    """A milter that answers the end of a letter with `words`: packets as (command, data)."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.words, self.heard = [(b'c', b'')], []
        super().__init__((HOST, 0), ScriptedTalk)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ScriptedTalk(socketserver.StreamRequestHandler):
    def say(self, command, data=b''):
        self.wfile.write(struct.pack('>I', len(data) + 1) + command + data)

    def handle(self):
        heard = {}
        while len(head := self.rfile.read(4)) == 4:
            packet = self.rfile.read(struct.unpack('>I', head)[0])
            command, data = packet[:1], packet[1:]
            heard.setdefault(command, []).append(data)
            if command == b'O':
                self.say(b'O', struct.pack('>III', 6, 0x21, 0))
            elif command == b'E':
                self.server.heard.append(heard)
                for word in self.server.words:
                    self.say(*word)
            elif command != b'D':
                self.say(b'c')


@pytest.fixture(scope='module')
def partnered():
    with contextlib.ExitStack() as stack:
        rspamd, dkim, milter = Rspamd(), OpenDkim(), Scripted()
        for partner in (rspamd, dkim):
            stack.callback(shutil.rmtree, partner.folder, True)
            stack.callback(partner.stop)
        stack.callback(milter.server_close)
        stack.callback(milter.shutdown)
        rspamd.start()
        made = make_site({'partners.rspamd': rspamd.socket, 'partners.milters': [dkim.socket, f'{HOST}:{milter.server_address[1]}'], 'malware.clamd': ''},
                         seed=False)
        stack.callback(end_site, made)
        made.instance.cli('domain', 'add', 'demo.test')
        made.reader = new_user(made, 'reader')
        made.rspamd, made.milter = rspamd, milter
        yield made


@pytest.fixture(autouse=True)
def content(partnered):
    partnered.milter.words = [(b'c', b'')]


def deliver(site, body='Hello.\r\n', sender='stranger@outside.test'):
    subject = mark()
    site.deliver([site.reader['address']], letter(sender, site.reader['address'], subject, body), sender=sender)
    return subject


def arrived(site, subject, mailbox='INBOX'):
    message = email.message_from_bytes(site.find(site.reader, subject, mailbox, seconds=60)[0], policy=email.policy.default)
    return message, ' '.join(message['X-Letterlock-Partners'].split())


def test_partners_are_shown_the_letter_and_the_trace_says_what_they_said(partnered):
    site = partnered
    site.milter.words = [(b'h', b'X-Seen\0by a milter\0'), (b'h', b'Received\0from nowhere\0'), (b'c', b'')]
    message, said = arrived(site, deliver(site))
    assert said.startswith('v1; ') and 'rspamd=pass; ms=' in said and said.count('milter=pass; ms=') == 2 and 'score=' in said
    assert message['X-Seen'] == 'by a milter' and message['X-Partner-Received'] == 'from nowhere'
    assert message['X-Partner-Authentication-Results'].startswith('opendkim.test; dkim=none')
    heard = site.milter.heard[-1]
    assert heard[b'M'] == [b'<stranger@outside.test>\0'] and heard[b'R'] == [f'<{site.reader["address"]}>\0'.encode()]
    assert heard[b'C'][0].endswith(b'4\0\0' + b'127.0.0.1\0') and b''.join(heard[b'B']) == b'Hello.\r\n'
    assert any(field.startswith(b'Subject\0') for field in heard[b'L'])


def test_what_rspamd_rejects_is_refused_and_what_it_marks_is_junk(partnered):
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(partnered, f'{GTUBE}\r\n')
    assert refused.value.smtp_code == 550 and b'5.7.1' in refused.value.smtp_error
    # The second pattern of Rspamd asks for "add header".
    _, said = arrived(partnered, deliver(partnered, GTUBE.replace('XJS', 'YJS') + '\r\n'), 'Junk')
    assert 'rspamd=junk' in said


def test_what_a_milter_says_is_done(partnered):
    site = partnered
    site.milter.words = [(b'y', b'550 5.7.1 not this one\0')]
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(site)
    assert refused.value.smtp_code == 550 and b'not this one' not in refused.value.smtp_error
    site.milter.words = [(b't', b'')]
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(site)
    assert refused.value.smtp_code == 451
    for words in ([(b'q', b'looks odd\0'), (b'a', b'')], [(b'd', b'')]):
        site.milter.words = words
        before = held(site)
        deliver(site)
        end = time.monotonic() + 60
        while len(held(site)) != len(before) + 1:
            assert time.monotonic() < end, 'nothing is held'
            time.sleep(0.2)
    assert ('partner', 'milter', 'looks odd') in [(item['reason'], item['by'], item['name']) for item in held(site)], held(site)


def held(site):
    return site.instance.cli('quarantine', 'list')['messages']


# The last one: Rspamd is away from here on.
def test_without_a_partner_letters_pass_or_wait_as_the_option_says(partnered):
    site = partnered
    site.rspamd.stop()
    _, said = arrived(site, deliver(site))
    assert 'rspamd=away' in said
    site.instance.options['partners.fail'] = 'tempfail'
    site.instance.write_config()
    site.instance.cli('reload')
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(site)
    assert refused.value.smtp_code == 451
    site.rspamd.start()
    end = time.monotonic() + 60
    while True:
        with contextlib.suppress(smtplib.SMTPDataError):
            subject = deliver(site)
            break
        assert time.monotonic() < end, 'Rspamd is not found again'
        time.sleep(0.5)
    assert 'rspamd=pass' in arrived(site, subject)[1]
