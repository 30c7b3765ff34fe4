"""The two servers of the comparison, each with private configuration and ports, started and ended here."""
import imaplib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, 'tools', 'demo'))

from instance import UNLIMITED, Failure, Instance, free_port_base  # noqa: E402

DOMAIN = 'demo.test'
PASSWORD = 'benchmark-password'
USERS = [f'user{n}' for n in range(10)]


def address(user):
    return f'{user}@{DOMAIN}'


def imap_sign_in(port, user):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = imaplib.IMAP4_SSL('127.0.0.1', port, ssl_context=context)
    client.login(address(user), PASSWORD)
    client.select('INBOX')
    return client


class Letterlock:
    name = 'Letterlock'

    def __init__(self, directory, programs, zone=None):
        options = {'limits.connections_per_address': '5000', 'auth.password_policy': 'length', **UNLIMITED}
        self.instance = Instance(directory, free_port_base(), programs, options={**options, **({'dns.zone': zone} if zone else {})})
        self.ports = {'smtp': self.instance.ports['smtp'], 'imaps': self.instance.ports['imaps']}

    def start(self):
        self.instance.setup()
        self.instance.start()
        self.instance.cli('domain', 'add', DOMAIN)
        for user in [*USERS, 'reader', 'bodies']:
            self.instance.cli('user', 'add', address(user), '--stdin', stdin='provisional-password\n')
            self.instance.cli('user', 'passwd', address(user), '--stdin', stdin=f'provisional-password\n{PASSWORD}\n')

    def stored(self, users):
        """Messages in their mailboxes; asking has them filed."""
        total = 0
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for user in users:
            client = imaplib.IMAP4_SSL('127.0.0.1', self.ports['imaps'], ssl_context=context)
            client.login(address(user), PASSWORD)
            answer = client.status('INBOX', '(MESSAGES)')[1][0]
            total += int(answer.split(b'MESSAGES ')[1].rstrip(b')'))
            client.logout()
        return total

    def signed_in(self, user):
        return imap_sign_in(self.ports['imaps'], user)

    def roots(self):
        return [self.instance.processes['letterlockd'].pid]

    def stop(self):
        self.instance.stop()


DOVECOT = '''
protocols = imap lmtp
base_dir = {dir}/run
log_path = {dir}/dovecot.log
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
mail_location = maildir:{dir}/mail/%n
mail_uid = {mail_uid}
mail_gid = {mail_gid}
first_valid_uid = 1
auth_mechanisms = plain
auth_username_format = %Ln
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail_uid} gid={mail_gid} home={dir}/mail/%n allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 1
  client_limit = 10000
}}
service imap {{
  process_limit = 10000
  unix_listener imap-master {{
    user = $default_internal_user
  }}
}}
service imap-hibernate {{
  unix_listener imap-hibernate {{
    mode = 0666
  }}
}}
imap_hibernate_timeout = 2s
service anvil {{
  client_limit = 40000
}}
service auth {{
  client_limit = 40000
}}
default_client_limit = 20000
default_process_limit = 10000
mail_max_userip_connections = 10000
'''

POSTFIX_MAIN = '''
compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.demo.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:all
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_destination_concurrency_limit = 20
lmtp_destination_concurrency_limit = 20
smtpd_client_connection_count_limit = 0
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
message_size_limit = 52428800
maillog_file = {dir}/postfix.log
maillog_file_prefixes = {dir}
alias_maps =
local_recipient_maps =
biff = no
'''

POSTFIX_MASTER = '''
127.0.0.1:{smtp} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''


class WatchLimit:
    """Dovecot parks an idle session only when it gets an inotify instance; all of ours belong to one user, whose limit is mostly 128."""
    PATH = '/proc/sys/fs/inotify/max_user_instances'
    WANTED = 16384

    def __init__(self):
        with open(self.PATH, encoding='ascii') as f:
            self.before = int(f.read())
        self.write(max(self.before, self.WANTED))

    def write(self, value):
        with open(self.PATH, 'w', encoding='ascii') as f:
            f.write(str(value))

    def restore(self):
        self.write(self.before)


class PostfixDovecot:
    name = 'Postfix + Dovecot'

    def __init__(self, directory, certificate):
        self.dir = directory
        base = free_port_base() + 500
        self.ports = {'smtp': base + 1, 'imaps': base + 2, 'lmtp': base + 3}
        self.certificate = certificate
        self.children = []
        self.limit = None

    def start(self):
        if os.getuid() != 0:
            raise Failure('Postfix and Dovecot need root to start')
        self.limit = WatchLimit()
        mail = pwd.getpwnam('mail')
        values = {'dir': self.dir, 'cert': self.certificate + '.pem', 'key': self.certificate + '.key', 'mail_uid': mail.pw_uid, 'mail_gid': mail.pw_gid,
                  'password': PASSWORD, 'domain': DOMAIN, **self.ports}
        for name in ('', 'run', 'mail', 'spool', 'data', 'etc'):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
        os.chmod(self.dir, 0o755)
        os.chown(os.path.join(self.dir, 'mail'), mail.pw_uid, mail.pw_gid)
        owner = pwd.getpwnam('postfix')
        os.chown(os.path.join(self.dir, 'data'), owner.pw_uid, owner.pw_gid)
        self.write('dovecot.conf', DOVECOT, values)
        self.write('etc/main.cf', POSTFIX_MAIN + self.more_main(), values)
        self.write('etc/master.cf', POSTFIX_MASTER, values)
        with open(os.path.join(self.dir, 'servers.log'), 'wb') as log:
            dovecot = subprocess.Popen(['dovecot', '-F', '-c', os.path.join(self.dir, 'dovecot.conf')], stdout=log, stderr=log, start_new_session=True)
            postfix = subprocess.Popen(['postfix', '-c', os.path.join(self.dir, 'etc'), 'start-fg'], stdout=log, stderr=log, start_new_session=True)
        self.children = [dovecot, postfix]
        self.wait()

    def write(self, name, text, values):
        with open(os.path.join(self.dir, name), 'w', encoding='utf-8') as f:
            f.write(text.format(**values).lstrip())

    def more_main(self):
        return ''

    def wait(self):
        for name in ('smtp', 'imaps', 'lmtp'):
            self.answers(name)

    def answers(self, name):
        """Waits until the port of that name takes connections."""
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.ports[name]), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end or any(c.poll() is not None for c in self.children):
                    with open(os.path.join(self.dir, 'servers.log'), encoding='utf-8') as f:
                        raise Failure(f'{name} does not answer: {f.read()[-2000:]}') from None
                time.sleep(0.1)

    def stored(self, users):
        """Counted in the file system, which costs the servers nothing."""
        total = 0
        for user in users:
            for folder in ('new', 'cur'):
                path = os.path.join(self.dir, 'mail', user, folder)
                total += len(os.listdir(path)) if os.path.isdir(path) else 0
        return total

    def signed_in(self, user):
        return imap_sign_in(self.ports['imaps'], user)

    def roots(self):
        return [child.pid for child in self.children]

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                os.kill(child.pid, signal.SIGTERM)
        subprocess.run(['postfix', '-c', os.path.join(self.dir, 'etc'), 'stop'], capture_output=True, check=False)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
        if self.limit is not None:
            self.limit.restore()


RSPAMD = {
    'worker-proxy.inc': 'bind_socket = "127.0.0.1:{milter}"; milter = yes; count = 2; upstream "local" {{ self_scan = yes; default = yes; }}\n',
    'worker-normal.inc': 'enabled = false;\n',
    'worker-controller.inc': 'enabled = false;\n',
    'options.inc': 'dns {{ nameserver = ["127.0.0.1:{dns}"]; }} local_addrs = []; control_socket = "{dir}/rspamd/control.sock mode=0600";\n',
    'logging.inc': 'level = "error";\n',
}
# These ask services outside or a database; Letterlock has nothing to do for them in this run either.
RSPAMD_WITHOUT = ('rbl', 'surbl', 'fuzzy_check', 'asn', 'mx_check', 'greylist', 'ratelimit', 'replies', 'reputation', 'history_redis', 'neural', 'antivirus',
                  'url_redirector', 'bimi', 'dkim_signing', 'arc_signing')


class PostfixRspamd(PostfixDovecot):
    """Postfix asks Rspamd about every letter (milter): SPF, DKIM, DMARC, ARC, addresses, links, text rules; no Bayes, no lists, no cache server."""
    name = 'Postfix + Rspamd + Dovecot'

    def __init__(self, directory, certificate, dns_port):
        super().__init__(directory, certificate)
        self.ports['milter'], self.ports['dns'] = self.ports['smtp'] + 5, dns_port

    def more_main(self):
        return f'smtpd_milters = inet:127.0.0.1:{self.ports["milter"]}\nmilter_default_action = tempfail\n'

    def start(self):
        work, owner = os.path.join(self.dir, 'rspamd'), pwd.getpwnam('_rspamd')
        for name in ('', 'local.d', 'override.d', 'db', 'run', 'log'):
            os.makedirs(os.path.join(work, name), exist_ok=True)
            os.chown(os.path.join(work, name), owner.pw_uid, owner.pw_gid)
        for name, text in RSPAMD.items():
            self.write(os.path.join('rspamd', 'local.d', name), text, {'dir': self.dir, **self.ports})
        for name in RSPAMD_WITHOUT:
            self.write(os.path.join('rspamd', 'local.d', f'{name}.conf'), 'enabled = false;\n', {})
        places = {'LOCAL_CONFDIR': '', 'DBDIR': 'db', 'RUNDIR': 'run', 'LOGDIR': 'log'}
        with open(os.path.join(work, 'log', 'start.log'), 'wb') as log:
            rspamd = subprocess.Popen(['rspamd', '-f', '-c', '/etc/rspamd/rspamd.conf', '-u', '_rspamd', '-g', '_rspamd',
                                       *[f'--var={key}={os.path.join(work, place)}' for key, place in places.items()]],
                                      stdout=log, stderr=log, start_new_session=True)
        super().start()
        self.children.append(rspamd)
        self.answers('milter')


def remove(directory):
    shutil.rmtree(directory, ignore_errors=True)
