"""People of an LDAP directory: sign-in, synchronisation, nested groups, and being disabled at once. A slapd of our own on loopback."""
import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from conftest import end_site, make_site
from mail import HOST, letter, mark

SLAPD = '/usr/sbin/slapd'  # ./dev test installs it; without it these tests fail

BASE = 'dc=example'
CONFIG = '''include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "{base}"
rootdn "cn=root,{base}"
rootpw root-secret
directory {folder}/db
access to attrs=userPassword by anonymous auth by self read by * none
access to * by dn.exact="cn=service,{base}" read by self read by * none
'''


def person(local, password, extra=''):
    return f'''dn: cn={local},{BASE}
objectClass: inetOrgPerson
cn: {local}
sn: {local}
displayName: {local.title()} of LDAP
mail: {local}@demo.test
userPassword: {password}
{extra}
'''


class Slapd:
    def __init__(self):
        with socket.socket() as s:
            s.bind((HOST, 0))
            self.port = s.getsockname()[1]
        self.start()

    def prepare(self):
        """Lines of the configuration before the database."""
        return ''

    def start(self):
        self.folder = tempfile.mkdtemp(prefix='letterlock-slapd-', dir='/var/tmp')
        os.mkdir(os.path.join(self.folder, 'db'))
        head, database = CONFIG.split('database mdb\n')
        with open(os.path.join(self.folder, 'slapd.conf'), 'w', encoding='ascii') as f:
            f.write((head + self.prepare() + 'database mdb\n' + database).format(base=BASE, folder=self.folder))
        self.process = subprocess.Popen([SLAPD, '-f', os.path.join(self.folder, 'slapd.conf'), '-h', self.listens, '-d', '0'], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex((HOST, self.port)) == 0:
                    break
            time.sleep(0.05)

    @property
    def listens(self):
        return self.url

    @property
    def url(self):
        return f'ldap://{HOST}:{self.port}'

    def tool(self, program, ldif, *args):
        done = subprocess.run([program, '-x', '-H', self.url, '-D', f'cn=root,{BASE}', '-w', 'root-secret', *args], input=ldif, text=True, capture_output=True,
                              check=False)
        assert done.returncode == 0, done.stderr

    def add(self, ldif):
        self.tool('ldapadd', ldif)

    def modify(self, local, change):
        self.tool('ldapmodify', f'dn: cn={local},{BASE}\nchangetype: modify\n{change}\n')

    def remove(self, *names):
        for name in names:
            self.tool('ldapdelete', '', f'cn={name},{BASE}')

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope='module')
def slapd():
    made = Slapd()
    made.add(f'dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n\n'
             f'dn: cn=service,{BASE}\nobjectClass: person\ncn: service\nsn: service\nuserPassword: service-secret\n')
    made.add('\n'.join(person(name, f'{name}-secret', 'ou: Sales') for name in ('ann', 'bob', 'eve')))
    made.add('\n'.join(person(f'p{n}', 'x-secret') for n in range(40)))
    made.add(f'dn: cn=inner,{BASE}\nobjectClass: groupOfNames\ncn: inner\nmember: cn=bob,{BASE}\nmember: cn=all,{BASE}\n\n'
             f'dn: cn=all,{BASE}\nobjectClass: groupOfNames\nobjectClass: extensibleObject\ncn: all\nmail: all@demo.test\nmember: cn=ann,{BASE}\n'
             f'member: cn=inner,{BASE}\n')
    yield made
    made.close()


@pytest.fixture(scope='module')
def place(slapd):
    folder = tempfile.mkdtemp(prefix='letterlock-test-', dir='/var/tmp')
    os.chmod(folder, 0o755)
    secret = os.path.join(folder, 'secret')
    with open(secret, 'w', encoding='ascii') as f:
        f.write('service-secret\n')
    os.chmod(secret, 0o644)
    made = make_site(options={
        'auth': {'failure_delay': '100ms'}, 'limits': {'logins_per_minute': 0},
        'ldap': {'url': slapd.url, 'base': BASE, 'bind': f'cn=service,{BASE}', 'password_file': secret, 'group_filter': '(objectClass=groupOfNames)',
                 'login_group': f'cn=all,{BASE}', 'disabled': 'employeeType=left'}}, seed=False)
    made.instance.cli('domain', 'add', 'demo.test')
    yield made
    end_site(made)
    shutil.rmtree(folder, ignore_errors=True)


def sign_in(place, local, password):
    client = imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60)
    try:
        client.login(f'{local}@demo.test', password)
        return client
    except imaplib.IMAP4.error as e:
        client.shutdown()
        return str(e)


def works(place, local, password):
    client = sign_in(place, local, password)
    if isinstance(client, str):
        return False
    client.logout()
    return True


def test_the_directory_can_be_read(place):
    assert place.instance.cli('ldap', 'test', '--stdin', stdin='\n')['people'] == 43
    result = place.instance.cli('ldap', 'test', 'ann@demo.test', '--stdin', stdin='ann-secret\n')
    assert (result['address'], result['account']) == ('ann@demo.test', 'not taken over yet')
    assert place.instance.cli('ldap', 'test', 'ann@demo.test', '--stdin', stdin='wrong\n', check=False)[0] == 5


def test_a_dry_run_changes_nothing(place):
    result = place.instance.cli('ldap', 'sync', '--dry-run')
    assert (result['added'], result['dry_run']) == (43, True)
    assert {'action': 'add', 'address': 'ann@demo.test', 'name': 'Ann of LDAP'} in result['steps']
    assert place.instance.cli('user', 'list')['users'] == []


def test_people_are_taken_over_and_sign_in(place):
    result = place.instance.cli('ldap', 'sync')
    assert (result['added'], result['groups'], result['problems']) == (43, 1, 0)
    user = place.instance.cli('user', 'show', 'ann@demo.test')
    assert (user['name'], user['department']) == ('Ann of LDAP', 'Sales')
    assert works(place, 'ann', 'ann-secret')
    assert not works(place, 'ann', 'bob-secret')
    assert not works(place, 'ann', '')
    assert works(place, 'bob', 'bob-secret')  # in the group through a group inside of it
    assert not works(place, 'eve', 'eve-secret')  # in no group
    assert place.instance.cli('ldap', 'sync')['added'] == 0


def test_names_are_no_filters(place):
    for name in ('*', 'a*', 'ann@demo.test)(cn=*', '*)(objectClass=*'):
        client = imaplib.IMAP4_SSL(HOST, place.ports['imaps'], ssl_context=place.tls(), timeout=60)
        with pytest.raises(imaplib.IMAP4.error):
            client.login(name, 'ann-secret')
        client.shutdown()


def test_mail_reaches_them_and_their_groups(place):
    subject = mark()
    place.deliver('all@demo.test', letter('stranger@outside.test', 'all@demo.test', subject))
    for local in ('ann', 'bob'):
        assert place.find({'address': f'{local}@demo.test', 'password': f'{local}-secret'}, subject)


def test_disabled_people_are_out_at_the_next_try_and_their_sessions_end(place, slapd):
    client = sign_in(place, 'bob', 'bob-secret')
    slapd.modify('bob', 'add: employeeType\nemployeeType: left')
    assert not works(place, 'bob', 'bob-secret')
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        for _ in range(100):
            client.noop()
            time.sleep(0.05)
    assert place.instance.cli('user', 'show', 'bob@demo.test')['state'] == 'disabled'
    slapd.modify('bob', 'delete: employeeType')
    assert place.instance.cli('ldap', 'sync')['enabled'] == 1
    assert works(place, 'bob', 'bob-secret')


def test_leavers_are_disabled_but_never_many_at_once(place, slapd):
    slapd.remove('p0', 'p1')
    assert place.instance.cli('ldap', 'sync')['gone'] == 2
    assert place.instance.cli('user', 'show', 'p0@demo.test')['state'] == 'disabled'
    slapd.remove(*(f'p{n}' for n in range(2, 10)))
    code, _, text = place.instance.cli('ldap', 'sync', check=False)
    assert code == 1 and 'would vanish' in text
    assert place.instance.cli('user', 'show', 'p5@demo.test')['state'] == 'active'
    assert place.instance.cli('ldap', 'sync', '--vanish', '50')['gone'] == 8
    assert place.instance.cli('user', 'show', 'p5@demo.test')['state'] == 'disabled'


def test_without_the_directory_nobody_is_refused_for_good(place, slapd):
    slapd.process.terminate()
    slapd.process.wait(timeout=60)
    assert 'UNAVAILABLE' in sign_in(place, 'ann', 'ann-secret')
    code, _, _ = place.instance.cli('ldap', 'sync', check=False)
    assert code != 0
    assert place.instance.cli('user', 'show', 'ann@demo.test')['state'] == 'active'
