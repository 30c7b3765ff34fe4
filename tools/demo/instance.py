"""One local Letterlock with its outside world, in one directory. Used by the demo, the system tests and the benchmarks."""
import ctypes
import json
import os
import pwd
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from people import DOMAIN, HOSTNAME, OUTSIDE

MARKER = '.letterlock-demo'
SERVICES = [('smtp', 25), ('submissions', 465), ('submission', 587), ('imap', 143), ('imaps', 993), ('pop3', 110), ('pop3s', 995), ('managesieve', 4190),
            ('http', 80), ('https', 443), ('management', 444)]
OUTSIDE_OFFSET = 26
DESK_OFFSET = 81  # the demonstration's own pages
# For tests and measurements, where one address and a few users do everything.
# Where all the world is one address, limits of addresses and networks would limit everybody.
ONE_ADDRESS = {f'limits.{name}': '0' for name in (
    'connections_per_network', 'arrivals_per_address', 'arrivals_per_network', 'handshakes', 'commands_per_address', 'recipients_per_address',
    'refusals_per_address', 'refusals_per_network', 'unknown_recipients', 'messages_per_address', 'bytes_per_address')}
# For who tries the demo with a program that sends.
DEMO_LIMITS = {**ONE_ADDRESS, **{f'limits.{name}': '0' for name in ('messages_per_minute', 'sessions_per_user')}, 'contain.flood': '5000'}
UNLIMITED = {**ONE_ADDRESS, **{f'limits.{name}': '0' for name in (
    'messages_per_minute', 'recipients_per_hour', 'bytes_per_hour', 'messages_per_domain', 'sessions_per_user')}, 'contain.automatic': 'no'}
SOCKET_PATH_MAX = 100


class Failure(Exception):
    """Something a person should read; no traceback."""


STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIBC = ctypes.CDLL(None)


def die_with(parent):
    """In the child: its end comes with its parent's, which may have been already. Takes signals again."""
    LIBC.prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


def port_is_free(port):
    for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
        if family == socket.AF_INET6 and not has_ipv6():
            continue
        with socket.socket(family) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((host, port))
            except OSError:
                return False
    return True


CLAIMS = []


def claim(port):
    """Whether nobody else is about to use the port: a name of the kernel stands for it until we choose again or end."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f'\0letterlock-port-{port}')
    except OSError:
        name.close()
        return False
    CLAIMS.append(name)
    return True


def release_claims():
    while CLAIMS:
        CLAIMS.pop().close()


def free_port_base():
    """What several processes may call at once: each gets ports of its own."""
    # Below 32768: from there on the system gives ports to clients.
    for base in (20000 + (os.getpid() * 50 + n * 350) % 8500 for n in range(220)):
        release_claims()
        if all(claim(base + offset) and port_is_free(base + offset) for offset in [n for _, n in SERVICES] + [OUTSIDE_OFFSET, DESK_OFFSET]):
            return base
    raise Failure('no free ports')


class Account:
    """The ordinary user that runs everything when we are root."""

    def __init__(self):
        self.switch = os.getuid() == 0
        self.uid, self.gid = os.getuid(), os.getgid()
        if self.switch:
            entry = self.choose()
            self.uid, self.gid = entry.pw_uid, entry.pw_gid

    @staticmethod
    def choose():
        sudo = os.environ.get('SUDO_UID', '')
        if sudo.isdigit() and int(sudo) != 0:
            return pwd.getpwuid(int(sudo))
        name = 'letterlock-demo'
        try:
            return pwd.getpwnam(name)
        except KeyError:
            subprocess.run(['useradd', '--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent',
                            '--shell', '/usr/sbin/nologin', name], check=False, capture_output=True)
        try:
            return pwd.getpwnam(name)
        except KeyError:
            return pwd.getpwnam('nobody')

    def popen_options(self):
        return {'user': self.uid, 'group': self.gid, 'extra_groups': []} if self.switch else {}

    def own(self, path):
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can(self, mode, path):
        """Whether the user could open the path: asked as the user."""
        if not self.switch:
            return os.access(path, mode)
        flag = {os.X_OK: '-x', os.R_OK: '-r', os.W_OK: '-w'}[mode]
        return subprocess.run(['/bin/sh', '-c', f'test {flag} "$1"', 'sh', path], **self.popen_options(), check=False).returncode == 0


class Instance:
    def __init__(self, directory, port_base, programs, account=None, options=None):
        self.directory = os.path.abspath(directory)
        self.programs = os.path.abspath(programs)
        self.base = port_base
        self.account = account or Account()
        self.options = options or {}
        self.processes = {}
        self.ports = {name: port_base + offset for name, offset in SERVICES}
        self.outside_port = port_base + OUTSIDE_OFFSET
        self.desk_port = port_base + DESK_OFFSET
        self.ipv6 = has_ipv6()

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    # ---- the directory ----

    def prepare(self):
        """Makes the folders; places the real directory elsewhere when the user cannot reach it here."""
        os.makedirs(os.path.dirname(self.directory), exist_ok=True)
        if not os.path.lexists(self.directory) and not self.account.can(os.X_OK, os.path.dirname(self.directory)):
            self.directory_elsewhere()
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        self.account.own(self.directory)
        if not self.account.can(os.X_OK, self.directory):
            if os.path.islink(self.directory) or os.listdir(self.directory):
                raise Failure(f'{self.directory} cannot be reached by the user that runs the demo; choose another --dir')
            os.rmdir(self.directory)
            self.directory_elsewhere()
        for name in ('data', 'run', 'log', 'outside', 'bin'):
            self.make_folder(name)

    def directory_elsewhere(self):
        real = tempfile.mkdtemp(prefix='letterlock-demo-', dir='/var/tmp')
        self.account.own(real)
        os.symlink(real, self.directory)

    def make_folder(self, name):
        path = self.path(name)
        if name == 'run' and len(os.path.join(path, 'admin.sock')) > SOCKET_PATH_MAX:
            if not os.path.exists(path):
                if os.path.islink(path):
                    os.unlink(path)
                real = tempfile.mkdtemp(prefix='letterlock-')
                self.account.own(real)
                os.symlink(real, path)
            self.run_dir = os.path.realpath(path)
            return
        os.makedirs(path, mode=0o700, exist_ok=True)
        self.account.own(path)
        if name == 'run':
            self.run_dir = path

    def install_programs(self):
        """Copies the programs when the user cannot run them where they are."""
        if self.account.can(os.X_OK, os.path.join(self.programs, 'letterlockd')):
            return
        for name in os.listdir(self.programs):
            source, target = os.path.join(self.programs, name), self.path('bin', name)
            if not (os.path.isfile(source) and os.access(source, os.X_OK)):
                continue
            stat = os.stat(source)
            if not os.path.exists(target) or os.stat(target).st_mtime_ns != stat.st_mtime_ns:
                shutil.copy2(source, target)
                os.chmod(target, 0o755)
                self.account.own(target)
        self.programs = self.path('bin')

    def program(self, name):
        return os.path.join(self.programs, name)

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        temporary = path + '.new'
        if os.path.lexists(temporary):
            os.unlink(temporary)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(fd, 'w', encoding='utf-8') as f:
            f.write(text)
        self.account.own(temporary)
        os.rename(temporary, path)

    # ---- certificate, zone, configuration ----

    def make_certificates(self):
        if os.path.exists(self.path('tls', 'server.pem')):
            return
        os.makedirs(self.path('tls'), mode=0o700, exist_ok=True)
        self.account.own(self.path('tls'))
        self.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650', '-subj',
                     '/CN=Letterlock demo CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', 'tls/ca.key', '-out', 'tls/ca.pem')
        self.issue('server', HOSTNAME)
        self.issue('outside', f'mx.{OUTSIDE}')
        shutil.copyfile(self.path('tls', 'ca.pem'), self.path('ca.pem'))
        os.chmod(self.path('ca.pem'), 0o644)
        self.account.own(self.path('ca.pem'))

    def issue(self, name, host):
        extensions = (f'subjectAltName=DNS:{host},DNS:localhost,DNS:{DOMAIN},IP:127.0.0.1,IP:::1\nbasicConstraints=critical,CA:FALSE\n'
                      'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n')
        self.write(f'tls/{name}.ext', extensions)
        self.openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={host}',
                     '-keyout', f'tls/{name}.key', '-out', f'tls/{name}.csr')
        self.openssl('x509', '-req', '-in', f'tls/{name}.csr', '-CA', 'tls/ca.pem', '-CAkey', 'tls/ca.key', '-CAcreateserial', '-days', '825',
                     '-extfile', f'tls/{name}.ext', '-out', f'tls/{name}.pem')
        for suffix in ('key', 'pem'):
            os.chmod(self.path('tls', f'{name}.{suffix}'), 0o600)
            self.account.own(self.path('tls', f'{name}.{suffix}'))

    def openssl(self, *args):
        done = subprocess.run(['openssl', *args], cwd=self.directory, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f'openssl {args[0]} failed: {done.stderr.strip()}')

    def write_zone(self):
        rows = [f'{DOMAIN}. 300 IN MX 10 {HOSTNAME}.', f'{HOSTNAME}. 300 IN A 127.0.0.1', f'{OUTSIDE}. 300 IN MX 10 mx.{OUTSIDE}.',
                f'mx.{OUTSIDE}. 300 IN A 127.0.0.1']
        self.write('zone', '\n'.join(rows) + '\n')

    def write_config(self):
        hosts = ['127.0.0.1'] + (['[::1]'] if self.ipv6 else [])
        tree = {
            'hostname': HOSTNAME,
            'data_dir': self.path('data'),
            'run_dir': self.run_dir,
            'sandbox': 'best-effort',
            'listen': [f'{name} {host}:{port}' for name, port in self.ports.items() for host in hosts],
            'tls': {'certificate': self.path('tls', 'server.pem'), 'key': self.path('tls', 'server.key'), 'ca': self.path('tls', 'ca.pem')},
            'dns': {'zone': self.path('zone'), 'offline': 'yes'},
            'malware': {'clamd': ''},  # what letterlock itself knows of malware is enough here
            'relay': {'port': self.outside_port, 'retry': ['20s', '1m', '5m', '15m', '1h'], 'timeout': '30s'},
        }
        for name, value in self.options.items():
            level = tree
            *parents, last = name.split('.')
            for parent in parents:
                level = level.setdefault(parent, {})
            if isinstance(value, dict):
                level.setdefault(last, {}).update(value)
            else:
                level[last] = value
        self.write('letterlock.yaml', yaml_of(tree))

    # ---- processes ----

    def check_ports(self):
        for port in [*self.ports.values(), self.outside_port, self.desk_port]:
            if not port_is_free(port):
                raise Failure(f'port {port} is in use; choose another --port-base (now {self.base})')

    def spawn(self, name, args, pass_fds=()):
        with open(self.path('log', f'{name}.log'), 'ab') as log:
            self.account.own(self.path('log', f'{name}.log'))
            us = os.getpid()
            # A process that was started is one that we know of: no signal comes between.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
            try:
                # A session of its own: the keyboard's interrupt reaches only us, and we stop things in order.
                self.processes[name] = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                                                        start_new_session=True, preexec_fn=lambda: die_with(us), umask=0o077,
                                                        env=self.environment(), pass_fds=pass_fds, **self.account.popen_options())
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def environment(self):
        kept = {k: v for k, v in os.environ.items() if k in ('PATH', 'LANG', 'LC_ALL', 'TZ', 'ASAN_OPTIONS', 'UBSAN_OPTIONS') or k.startswith('LETTERLOCK_FAULT')}
        return {**kept, 'HOME': '/nonexistent'}

    def start_outside(self):
        self.spawn('outside', [self.program('letterlock-outside'), '--listen', f'127.0.0.1:{self.outside_port}', '--dir', self.path('outside'),
                               '--cert', self.path('tls', 'outside.pem'), '--key', self.path('tls', 'outside.key')])

    def start_server(self):
        self.ready, inherited = os.pipe()
        self.spawn('letterlockd', [self.program('letterlockd'), '--config', self.path('letterlock.yaml'), '--ready-fd', str(inherited)], (inherited,))
        os.close(inherited)

    def setup(self):
        self.prepare()
        self.install_programs()
        self.make_certificates()
        self.write_zone()
        self.write_config()

    def start(self, timeout=20):
        self.check_ports()
        self.start_outside()
        self.start_server()
        self.wait_ready(timeout)

    def wait_ready(self, timeout):
        """Until every process of the server is up."""
        readable, _, _ = select.select([self.ready], [], [], timeout)
        said = os.read(self.ready, 16) if readable else b''
        os.close(self.ready)
        if not said:
            time.sleep(0.2)
            self.check_alive()
            raise Failure(f'the server was not ready in {timeout} s; {self.log_tail("letterlockd")}')

    def tls(self):
        return ssl.create_default_context(cafile=self.path('ca.pem'))

    def check_alive(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise Failure(f'{name} ended with {process.returncode}; {self.log_tail(name)}')

    def log_tail(self, name):
        try:
            with open(self.path('log', f'{name}.log'), encoding='utf-8', errors='replace') as f:
                return 'its log ends:\n' + ''.join(f.readlines()[-12:])
        except OSError:
            return 'it has no log'

    def stop(self, timeout=20):
        for name in ('letterlockd', 'outside'):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.terminate()
            if not has_ended(process, timeout):
                os.killpg(process.pid, signal.SIGKILL)
                has_ended(process, timeout)
            process.poll()

    def keep_session(self, token):
        """As whom cli() acts from now on."""
        self.write('session', token + '\n')
        if self.account.switch:
            os.chown(self.path('session'), os.getuid(), os.getgid())

    def cli(self, *args, stdin='', check=True, session=None):
        """Runs letterlock in the session that was kept (or that of a file); returns its JSON result, or (exit code, result, error text) when check
        is false."""
        environment = {**os.environ, 'LETTERLOCK_SESSION': session or self.path('session')}
        done = subprocess.run([self.program('letterlock'), '--config', self.path('letterlock.yaml'), '--json', *args], input=stdin,
                              capture_output=True, text=True, timeout=120, check=False, env=environment)
        result = json.loads(done.stdout) if done.stdout.startswith('{') else {}
        if not check:
            return done.returncode, result, done.stderr
        if done.returncode != 0:
            raise Failure(f'letterlock {" ".join(args)}: {done.stderr.strip() or done.returncode}')
        return result


def has_ended(process, timeout):
    """Whether the process ends within that many seconds; safe in a signal handler, where Popen.wait() could wait for its own lock."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if process.returncode is not None:
            return True
        try:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return True
        except ChildProcessError:
            return True
        time.sleep(0.01)
    return False


def yaml_of(tree, indent=0):
    out = ''
    for key, value in tree.items():
        pad = ' ' * indent
        if isinstance(value, dict):
            out += f'{pad}{key}:\n{yaml_of(value, indent + 2)}'
        elif isinstance(value, list):
            out += f'{pad}{key}:\n' + ''.join(f'{pad}  - {quote(v)}\n' for v in value)
        else:
            out += f'{pad}{key}: {quote(value)}\n'
    return out


def quote(value):
    text = str(value)
    return text if text.replace('.', '').replace('-', '').isalnum() else json.dumps(text, ensure_ascii=False)
