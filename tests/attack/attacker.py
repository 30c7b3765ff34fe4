"""What every attack needs: a running system, people with their secrets, calls over HTTPS and over the local socket."""
import contextlib
import http.client
import importlib.util
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SYSTEM = os.path.join(TOP, 'tests', 'system')
sys.path[:0] = [SYSTEM, os.path.join(TOP, 'tools', 'demo')]

_spec = importlib.util.spec_from_file_location('system_conftest', os.path.join(SYSTEM, 'conftest.py'))
system = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(system)

from api import totp  # noqa: E402
from mail import HOST, Wire  # noqa: E402,F401
from people import DOMAIN  # noqa: E402
from seed import Seeder  # noqa: E402

PASSWORD = 'korb-laterne-moos-winkel'
STEP = 30  # seconds of a code


class Answer:
    def __init__(self, status, body, headers=None):
        self.status, self.body, self.headers = status, body, headers
        self.json = json.loads(body) if body[:1] == b'{' else {}
        self.code = self.json.get('code', 'ok' if status < 300 else f'http {status}')

    def __repr__(self):
        return f'{self.status} {self.body[:300]!r}'

    def text(self):
        """What an attacker compares: everything but the number of the request."""
        return self.status, {k: v for k, v in self.json.items() if k not in ('cid', 'instance')}


class Caller:
    """Somebody with a token, or without, on one connection that is kept."""

    def __init__(self, place, token=None):
        self.place, self.token, self.connection = place, token, None

    def ask(self, method, path, body=None, headers=None):
        headers = {**({'Authorization': f'Bearer {self.token}'} if self.token else {}), **(headers or {})}
        for last in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(HOST, self.place.ports['management'], context=self.place.tls(), timeout=60)
            try:
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                return Answer(response.status, response.read(), response.headers)
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):  # closed for being idle
                self.close()
                if last:
                    raise
        raise AssertionError

    def call(self, operation, args=None, headers=None):
        return self.ask('POST', f'/api/v1/{operation}', json.dumps(args or {}), {'Content-Type': 'application/json', **(headers or {})})

    def done(self, operation, args=None):
        answer = self.call(operation, args)
        assert answer.status == 200, (operation, answer)
        return answer.json

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class LocalCaller:
    """The socket of the machine's own administrator; without a session."""

    def __init__(self, place):
        self.place = place

    def call(self, operation, args=None):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(os.path.join(self.place.instance.run_dir, 'admin.sock'))
            s.sendall(json.dumps({'op': operation, 'args': args or {}}).encode() + b'\n')
            data = b''
            while not data.endswith(b'\n'):
                piece = s.recv(65536)
                if not piece:
                    break
                data += piece
        said = json.loads(data)
        return Answer(200 if said['status'] == 0 else 403, json.dumps(said.get('result') or {}).encode())

    def close(self):
        pass


class Person:
    """An account with its password, and its second factor when it has one; codes are never used twice."""

    def __init__(self, place, address, password, secret=None):
        self.place, self.address, self.password, self.secret, self.used = place, address, password, secret, set()
        self.paper = []

    def code(self):
        while True:
            now = time.time()
            for step in (-1, 0, 1):
                number = int(now // STEP) + step
                if number > max(self.used, default=0):
                    self.used.add(number)
                    return totp(self.secret, when=number * STEP)
            time.sleep(0.5)

    def proof(self):
        """From the printed list when there is one: codes of programs come only every thirty seconds."""
        return {'kind': 'list', 'code': self.paper.pop(0)} if self.paper else {'kind': 'totp', 'code': self.code()}

    def print_list(self, caller):
        self.paper = caller.done('factor.list.make', {'count': 50})['codes']

    def start(self, **more):
        if self.secret is not None and 'proof' not in more:
            more['proof'] = self.proof()
        return Caller(self.place).call('session.start', {'address': self.address, 'password': self.password, **more})

    def sign_in(self):
        answer = self.start()
        assert answer.status == 200, answer
        return Caller(self.place, answer.json['token'])

    def enrol(self, caller=None):
        """A TOTP factor and a printed list; the session that registered them."""
        caller = caller or self.sign_in()
        begun = caller.done('factor.totp.begin', {'label': 'attacked'})
        self.secret = begun['secret']
        caller.done('factor.totp.confirm', {'id': begun['id'], 'code': self.code()})
        self.print_list(caller)
        return caller


class Place(system.Site):
    """A running system, and who is there."""

    def __init__(self, options, seed=True):
        made = system.make_site(options, seed=False)
        super().__init__(made.instance, [])
        self.people = {}
        if not seed:
            return
        try:
            self.seed()
        except BaseException:
            self.end()
            raise

    def seed(self):
        """The people of the demo, without their letters."""
        seeder = Seeder(self.instance)
        seeder.make_accounts()
        seeder.enrol_staff()
        self.users, self.staff = seeder.users, seeder.staff
        for person in [*seeder.users, *seeder.staff]:
            self.people[person['address'].split('@')[0]] = Person(self, person['address'], person['password'], person.get('totp_secret'))
        for person in self.people.values():
            person.recovery = next(p.get('recovery_code') for p in [*seeder.users, *seeder.staff] if p['address'] == person.address)
            if person.secret is not None:
                person.used.add(int(time.time() // STEP))  # one of these registered the factor
                person.print_list(person.sign_in())
        with open(self.instance.path('session'), encoding='utf-8') as f:
            self.admin = Caller(self, f.read().strip())

    def end(self):
        system.end_site(self)

    def add_user(self, local, password=PASSWORD, **more):
        """Somebody new, made by the administrator, or by the local user before there is one."""
        address = f'{local}@{DOMAIN}'
        if getattr(self, 'admin', None) is not None:
            self.admin.done('user.add', {'address': address, 'password': password, **more})
        else:
            self.instance.cli('user', 'add', address, '--stdin', stdin=password + '\n')
        return Person(self, address, password)

    def break_glass(self, *args, stdin=''):
        return self.instance.cli('--break-glass', 'the attack suite needs it', *args, stdin=stdin, session='/nonexistent')

    def log(self):
        with open(self.instance.path('log', 'letterlockd.log'), encoding='utf-8', errors='replace') as f:
            return f.read()

    def pids(self):
        """Of all processes: {(role, index): pid}, from the system itself."""
        found = {}
        for role in self.instance.cli('status')['roles']:
            found[role['role'], role['index']] = role['pid']
        return found


def operations():
    """name -> (role, right, kind, members) of the header, which is the truth about what there is."""
    with open(os.path.join(TOP, 'src', 'ipc', 'operations.h'), encoding='utf-8') as f:
        rows = re.findall(r'^OPERATION\("([^"]+)", (\w+), (\w+), (\w+), "([^"]*)"\)', f.read(), re.M)
    return {name: (role, right, kind, members) for name, role, right, kind, members in rows}


def fails(error, fn, *args, **named):
    with contextlib.suppress(error):
        fn(*args, **named)
        return False
    return True


def openssl(folder, *args):
    subprocess.run(['openssl', *args], cwd=folder, check=True, capture_output=True)
