"""Debian's Postfix and Dovecot on loopback, below one directory: the server behind of other people. They need root to start."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from instance import Failure
from mail import HOST

DOVECOT = '''
base_dir = {dir}/run
log_path = {dir}/dovecot.log
protocols = lmtp
ssl = no
mail_location = maildir:{dir}/mail/%n
first_valid_uid = 1
passdb {{
  driver = static
  args = password=unused
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%n allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
'''
MAIN = '''
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.77/32
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{dir}/etc/people
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
relayhost = [127.0.0.1]:{gateway}
smtp_bind_address = 127.0.0.9
smtp_host_lookup = native
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_cert_file = {dir}/etc/cert.pem
smtpd_tls_key_file = {dir}/etc/cert.key
smtpd_tls_loglevel = 1
smtp_tls_security_level = may
maillog_file = {dir}/postfix.log
maillog_file_prefixes = {dir}
alias_maps =
local_recipient_maps =
biff = no
'''
MASTER = '''
127.0.0.1:{smtp} inet n - n - 100 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''


def free_port():
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


class Debian:
    def __init__(self, domain, people, gateway, certificate):
        """gateway: port that takes what goes out. certificate: path without its endings .pem and .key."""
        self.dir = tempfile.mkdtemp(prefix='letterlock-debian-', dir='/var/tmp')
        self.ports, self.children = {'smtp': free_port(), 'lmtp': free_port()}, []
        owner, mail = pwd.getpwnam('postfix'), pwd.getpwnam('mail')
        values = {'dir': self.dir, 'domain': domain, 'gateway': gateway, 'uid': mail.pw_uid, 'gid': mail.pw_gid, **self.ports}
        os.chmod(self.dir, 0o755)
        for name in ('run', 'mail', 'spool', 'data', 'etc'):
            os.mkdir(os.path.join(self.dir, name))
        os.chown(self.path('mail'), mail.pw_uid, mail.pw_gid)
        os.chown(self.path('data'), owner.pw_uid, owner.pw_gid)
        for ending in ('pem', 'key'):
            shutil.copyfile(f'{certificate}.{ending}', self.path('etc', f'cert.{ending}'))
        os.chmod(self.path('etc', 'cert.key'), 0o600)
        for name, text in (('dovecot.conf', DOVECOT), ('etc/main.cf', MAIN), ('etc/master.cf', MASTER)):
            with open(self.path(name), 'w', encoding='ascii') as f:
                f.write(text.format(**values).lstrip())
        with open(self.path('etc', 'people'), 'w', encoding='ascii') as f:
            f.writelines(f'{p}@{domain} ok\n' for p in people)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def start(self):
        with open(self.path('servers.log'), 'ab') as log:
            self.children = [subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
                             for args in (['/usr/sbin/dovecot', '-F', '-c', self.path('dovecot.conf')],
                                          ['/usr/sbin/postfix', '-c', self.path('etc'), 'start-fg'])]
        for port in self.ports.values():
            self.wait(port)

    def wait(self, port):
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((HOST, port), timeout=10).close()
                return
            except OSError:
                if time.monotonic() > end or any(c.poll() is not None for c in self.children):
                    raise Failure(f'it does not answer: {self.said()}') from None
                time.sleep(0.1)

    def said(self):
        text = ''
        for name in ('servers.log', 'postfix.log', 'dovecot.log'):
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding='utf-8', errors='replace') as f:
                    text += f.read()
        return text

    def logs(self, text, seconds=30):
        end = time.monotonic() + seconds
        while text not in self.said():
            assert time.monotonic() < end, f'{text} is not in the log: {self.said()[-3000:]}'
            time.sleep(0.1)

    def mailbox(self, person, text, seconds=60):
        """The letter of this person with the text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for folder in ('new', 'cur'):
                place = self.path('mail', person, folder)
                for name in os.listdir(place) if os.path.isdir(place) else ():
                    with open(os.path.join(place, name), 'rb') as f:
                        raw = f.read()
                    if text.encode() in raw:
                        return raw
            time.sleep(0.1)
        raise AssertionError(f'{text} did not come: {self.said()[-3000:]}')

    def stop(self):
        subprocess.run(['/usr/sbin/postfix', '-c', self.path('etc'), 'stop'], capture_output=True, check=False, timeout=60)
        for child in self.children:
            if child.poll() is None:
                os.kill(child.pid, signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
