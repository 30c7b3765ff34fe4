"""Attachments before Debian's c-icap: its virus scanner over the real clamd, and its echo service; both methods, previews, 204 and whole answers, and what is wrong."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from conftest import end_site, make_site
from instance import Account
from mail import HOST, mark
from test_malware import KNOWN, Clamd, held, log_has, officer_session, refused, scanner, sender_of, with_file
from test_revoke import new_user

LIBRARIES = '/usr/lib/x86_64-linux-gnu/c_icap'


class Icap:
    """c-icap with a configuration of its own."""

    def __init__(self, account, clamd):
        self.account, self.process = account, None
        self.folder = tempfile.mkdtemp(prefix='letterlock-icap-', dir='/var/tmp')
        os.chmod(self.folder, 0o755)
        account.own(self.folder)
        with socket.socket() as s:
            s.bind((HOST, 0))
            self.port = s.getsockname()[1]
        self.conf = os.path.join(self.folder, 'c-icap.conf')
        with open(self.conf, 'w', encoding='ascii') as f:
            f.write(f'''PidFile {self.folder}/pid
CommandsSocket {self.folder}/ctl
Port {HOST}:{self.port}
StartServers 1
MaxServers 2
MinSpareThreads 2
MaxSpareThreads 8
ThreadsPerChild 8
ServerAdmin nobody@demo.test
ServerName icap.demo.test
TmpDir {self.folder}
DebugLevel 1
ModulesDir {LIBRARIES}
ServicesDir {LIBRARIES}
TemplateDir /usr/share/c_icap/templates/
LoadMagicFile /etc/c-icap/c-icap.magic
ServerLog {self.folder}/server.log
AccessLog {self.folder}/access.log
Service echo srv_echo.so
Service antivirus_module virus_scan.so
ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple
ServiceAlias avwhole virus_scan?allow204=off&sizelimit=off&mode=simple
virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE
virus_scan.MaxObjectSize 20M
virus_scan.DefaultEngine clamd
Module common clamd_mod.so
clamd_mod.ClamdSocket {clamd.socket}
''')

    def start(self):
        self.process = subprocess.Popen([shutil.which('c-icap'), '-N', '-f', self.conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        **self.account.popen_options())
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((HOST, self.port), timeout=5).close()
                return
            except ConnectionRefusedError:
                assert self.process.poll() is None and time.monotonic() < end, self.log()
                time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def log(self):
        found = ''
        for name in ('server.log', 'access.log'):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding='utf-8', errors='replace') as f:
                    found += f.read()
        return found

    def asked(self, method):
        """How many requests of this method it has answered (its log is written at the end of each)."""
        return sum(f'"{method.upper()} ' in line or f' {method.upper()} ' in line for line in self.log().splitlines())

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope='module')
def servers():
    account = Account()
    clamd = Clamd(account)
    clamd.start()
    icap = Icap(account, clamd)
    icap.clamd = clamd
    icap.start()
    yield icap
    icap.remove()
    clamd.remove()


@pytest.fixture(scope='module')
def place(servers):
    made = make_site(seed=False, options={'malware.icap': f'icap://{HOST}:{servers.port}/avscan', 'trust.judge': 'no'})
    made.instance.cli('domain', 'add', 'demo.test')
    made.reader, made.officer = new_user(made, 'reader'), officer_session(made)
    wait_for_icap(made, 1)
    yield made
    end_site(made)


def use(place, servers, service, method='respmod', up=1):
    """Another service or method: the scanner role starts anew."""
    place.instance.stop()
    place.instance.options.update({'malware.icap': f'icap://{HOST}:{servers.port}/{service}', 'malware.icap_method': method})
    place.instance.write_config()
    place.instance.start()
    wait_for_icap(place, up)


def wait_for_icap(place, up):
    end = time.monotonic() + 60
    while scanner(place).get('icap_up') != up:
        assert time.monotonic() < end, f'the server is not {"there" if up else "away"}: {scanner(place)}'
        time.sleep(0.2)


def arrives(place, content):
    text = mark()
    place.deliver([place.reader['address']], with_file(text, 'a.bin', content))
    place.find(place.reader, text)


SMALL, LARGE = b'good words\r\n', bytes(range(256)) * 4000


# ---- its virus scanner, with 204: all that needs the same configuration ----

def test_the_virus_scanner_of_c_icap_is_asked(place, servers):
    """Within the preview, and far beyond it."""
    for content in (SMALL, LARGE, b'x', bytes(1024), bytes(1025)):
        arrives(place, content)
    for bad in (KNOWN, LARGE + KNOWN):
        assert refused(place, with_file(mark(), 'b.bin', bad))[0] == 550
    log_has(place, 'malware.found', 'what=icap')
    assert servers.asked('RESPMOD') >= 7


def test_a_scanner_whose_engine_is_away_has_not_looked(place, servers):
    """c-icap is there, its clamd is not: whatever it says, nothing comes through unseen."""
    servers.clamd.stop()
    try:
        text = mark()
        assert held(place, text, sender_of(text), content=KNOWN)['by'] == 'icap'
    finally:
        servers.clamd.start()


def test_while_the_server_is_away_attachments_wait(place, servers):
    servers.stop()
    text = mark()
    assert held(place, text, sender_of(text))['by'] == 'icap'
    servers.start()
    wait_for_icap(place, 1)
    arrives(place, SMALL)


# ---- other services and the other method ----

def test_uploads_and_whole_answers(place, servers):
    """REQMOD, and a service that says no 204: everything comes back, and is compared."""
    use(place, servers, 'avwhole', 'reqmod')
    for content in (SMALL, LARGE):
        arrives(place, content)
    assert refused(place, with_file(mark(), 'b.bin', LARGE + KNOWN))[0] == 550
    assert servers.asked('REQMOD') >= 3


def test_what_comes_back_unchanged_is_clean(place, servers):
    use(place, servers, 'echo')
    for content in (SMALL, LARGE):
        arrives(place, content)


def test_a_service_that_is_not_there_has_not_looked(place, servers):
    use(place, servers, 'nothing', up=0)
    text = mark()
    assert held(place, text, sender_of(text))['by'] == 'icap'
