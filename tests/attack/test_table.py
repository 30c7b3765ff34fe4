"""Every operation, called by everybody, against the table of who may (expected.txt), which knows nothing of the code that decides."""
import os

import pytest

from attacker import DOMAIN, PASSWORD, Caller, LocalCaller, Person, openssl, operations

REFUSED = {'denied', 'sign_in', 'factor_needed', 'self', 'separation', 'second_person'}
UNPROVEN = {'password', 'link', 'factor', 'passkey', 'recovery_code', 'step_up'}
MARKS = {'+', '-', 'p', 'h', 'a'}
VICTIM, GHOST, STAFF = f'victim@{DOMAIN}', f'ghost@{DOMAIN}', f'auditor@{DOMAIN}'
GROUP, ALIAS = f'info@{DOMAIN}', f'office@{DOMAIN}'
WRONG = 'zaun-trichter-quelle-birke'
PROOF = {'kind': 'totp', 'code': '000000'}
NUMBER = 999999
NOBODYS_ID = '0123456789abcdef0123456789abcdef'

# Without a row here: {}, or the address where the header wants one.
ARGS = {
    'domain.add': {'domain': 'nodot'}, 'domain.set': {'domain': 'nowhere.test'}, 'domain.remove': {'domain': 'nowhere.test'},
    'recipient.list': {'domain': 'nowhere.test'},
    **{f'dkim.{verb}': {'domain': 'nowhere.test'} for verb in ('list', 'add', 'rotate')},
    'dkim.retire': {'domain': 'nowhere.test', 'selector': 'x'},
    'domain.dns': {'domain': 'nowhere.test'},
    **{operation: {'domain': 'nowhere.test'} for operation in ('domain.check', 'domain.policy', 'domain.sts', 'report.list')},
    **{f'quarantine.{verb}': {'id': '0'} for verb in ('show', 'release', 'look', 'return', 'delete')},
    'junk.teach': {'class': 'junk', 'letter': NOBODYS_ID, 'header': '', 'text': 'x'},
    'domain.mute': {'domain': 'nowhere.test', 'name': 'nowhere.test', 'type': 'MX'},
    'domain.client_setup': {'domain': 'nowhere.test', 'format': 'autoconfig'},
    'domain.sts': {'domain': 'nowhere.test'},
    'sieve.show': {'name': 'x'}, 'sieve.put': {'name': 'x', 'script': 'frob;'}, 'sieve.activate': {'name': 'x'}, 'sieve.remove': {'name': 'x'},
    'sieve.check': {'script': 'keep;'},
    'department.set': {'department': 'x', 'sees': 'nothing'}, 'department.rename': {'department': 'nowhere', 'to': 'elsewhere'},
    'department.remove': {'department': 'nowhere'},
    'tls.order': {'names': ['nowhere']},
    'tls.renew': {'id': 999999},
    'tls.import': {'chain': 'x'},
    'tls.csr': {'names': ['nowhere']},
    'tls.remove': {'id': 999999},
    'user.add': {'password': 'short'}, 'user.add:staff': {'address': f'newstaff@{DOMAIN}', 'password': PASSWORD, 'role': 'administrator'},
    'user.set': {'name': 'Changed'}, 'user.set:role': {'address': VICTIM, 'role': 'auditor'}, 'user.import': {'password_hash': 'no hash'},
    'user.passwd': {'old': WRONG, 'new': PASSWORD}, 'user.reset': {'new': PASSWORD, 'recovery_code': 'AAAA-AAAA-AAAA'},
    'user.reset:lose_mail': {'new': PASSWORD, 'lose_mail': True},
    'user.reset:staff': {'address': STAFF, 'new': PASSWORD, 'lose_mail': True},
    'user.app_password.add': {'password': WRONG}, 'user.app_password.remove': {'id': str(NUMBER)},
    'session.start': {'password': WRONG}, 'session.step_up': {'proof': PROOF}, 'session.passkey.start': {'proof': {'kind': 'webauthn'}},
    'session.unlock': {'password': WRONG}, 'session.link': {'password': WRONG}, 'session.link.use': {'link': 'x'},
    'session.sign_out': {'id': NUMBER}, 'token.add': {'label': 'table', 'days': 1, 'rights': ['metrics.see']},
    'factor.totp.confirm': {'id': NUMBER, 'code': '000000'}, 'factor.webauthn.confirm': {'client_data': 'x', 'attestation': 'x'},
    'factor.contact.set': {'kind': 'pigeon', 'to': 'x'}, 'factor.contact.confirm': {'id': NUMBER, 'challenge': 'x', 'code': '1'},
    'factor.list.make': {'count': 1}, 'factor.remove': {'id': NUMBER}, 'policy.get': {'name': 'nothing'}, 'policy.set': {'name': 'nothing', 'value': {}},
    'oauth.client.add': {'id': '', 'owner': VICTIM, 'scope': 'imap'}, 'oauth.client.remove': {'id': 'nothing'}, 'oauth.grant.end': {'id': NUMBER},
    'oauth.token': {'scope': 'imap'}, 'oauth.request': {'path': '/oauth/nothing'},
    'identity.add': {'issuer': 'https://id.test', 'subject': '1'}, 'identity.remove': {'issuer': 'https://id.test', 'subject': '1'},
    'identity.add:staff': {'address': STAFF, 'issuer': 'https://id.test', 'subject': '2'},
    'user.managed.add': {'password': WRONG}, 'certificate.add': {'password': WRONG}, 'certificate.remove': {'id': NUMBER},
    'role.define': {'name': 'table', 'rights': ['nothing.see']}, 'role.remove': {'name': 'nothing'},
    'grant.add': {'role': 'secretary', 'scope': 'mailbox', 'value': VICTIM, 'reason': 'table'},
    'grant.add:privileged': {'address': VICTIM, 'role': 'monitor', 'reason': 'table'},
    'grant.add:self': {'role': 'secretary', 'scope': 'mailbox', 'value': VICTIM, 'reason': 'table'},
    'grant.end': {'id': NUMBER}, 'alias.add': {'target': ''}, 'group.add': {'name': '\x01'},
    'group.member.add': {'address': GROUP, 'member': VICTIM}, 'group.member.remove': {'address': GROUP, 'member': VICTIM}, 'queue.account_remove': {'account': NOBODYS_ID}, 'mail.remove': {'account': NOBODYS_ID},
    'escrow.set': {'k': 5, 'custodians': [VICTIM]}, 'escrow.reset_ask': {'new': PASSWORD}, 'escrow.give': {'id': NUMBER}, 'escrow.refuse': {'id': NUMBER},
    'escrow.hand_over_ask': {'target': STAFF, 'reason': 'table'}, 'delegate.add': {'delegate': GHOST}, 'delegate.remove': {'delegate': GHOST},
    **{f'device.{verb}': {'id': NUMBER} for verb in ('approve', 'block', 'remove')}, 'device.rename': {'id': NUMBER, 'name': 'x'},
    'device.certificate.request': {'csr': 'x'}, **{f'device.certificate.{verb}': {'serial': NOBODYS_ID} for verb in ('show', 'revoke')},
    'ca.create': {'name': 'Table'}, 'contact.set': {'to': 'x'}, 'user.language': {'language': ''}, 'contact.confirm': {'code': '000000'},
    'condition.rehearse': {'value': {}}, 'sso.finish': {'flow': 'x', 'query': 'x'}, 'ldap.sync': {'dry_run': True}, 'hygiene.run': {'dry_run': True},
    'review.sign': {'id': NUMBER}, 'party.add': {'name': '', 'kind': 'nothing'}, 'party.review': {'id': NUMBER},
    'party.end': {'id': NUMBER}, 'account.shred': {'reason': 'x'},
    'user.leave': {'reason': 'x', 'dry_run': True}, 'user.leave:staff': {'address': STAFF, 'reason': 'x'},
    **{f'{operation}:staff': {'address': STAFF} for operation in ('user.disable', 'user.remove', 'factor.reset')},
    'user.sending': {'state': 'nothing'}, 'user.isolate': {'level': 'nothing'}, 'user.isolate:staff': {'address': f'admin@{DOMAIN}', 'level': 'no-session'},
    'forward.allow': {'source': GROUP, 'target': 'x@elsewhere.test', 'days': 1, 'reason': 'table'}, 'forward.end': {'id': NUMBER},
    'clearance.set': {'kind': 'user', 'name': VICTIM, 'level': 'nothing'}, 'group.show': {'address': GROUP}, 'alias.remove': {'address': ALIAS},
    'group.remove': {'address': GROUP},
    'audit.cosign': {'size': 1, 'lines': 'x'}, 'audit.timestamp': {'size': 1, 'answer': 'x'},
    **{f'queue.{verb}': {'id': '0'} for verb in ('show', 'hold', 'release', 'retry', 'drop', 'bounce')},
}
# What would change somebody is tried on nobody where it is allowed.
HARMLESS = {'user.set', 'user.disable', 'user.enable', 'user.remove', 'user.reset:lose_mail', 'factor.reset', 'alias.remove', 'group.remove',
            'group.member.add', 'group.member.remove', 'identity.add', 'identity.remove', 'alias.add', 'group.add', 'grant.add', 'user.leave',
            'account.shred'}


def table():
    """columns, {operation or operation:variant: {column: mark}}"""
    rows, columns = {}, None
    with open(os.path.join(os.path.dirname(__file__), 'expected.txt'), encoding='utf-8') as f:
        for line in f:
            words = line.split()
            if line.startswith('# operation '):
                columns = words[2:]
            elif words and not line.startswith('#'):
                assert words[0] not in rows and len(words) == len(columns) + 1 and set(words[1:]) <= MARKS, line
                rows[words[0]] = dict(zip(columns, words[1:]))
    return columns, rows


COLUMNS, ROWS = table()


def test_the_table_has_every_operation():
    assert {row.split(':')[0] for row in ROWS} == set(operations())


@pytest.fixture(scope='module')
def callers(place):
    place.add_user('victim', department='Engineering')
    place.add_user('plain')
    place.break_glass('user', 'add', f'weak@{DOMAIN}', '--role', 'administrator', '--stdin', stdin=PASSWORD + '\n')
    person = place.people
    made = {'nobody': Caller(place), 'local': LocalCaller(place), 'user': person['wang.lei'].sign_in(), 'own': person['maria.rossi'].sign_in(),
            'department': person['lin.xiaomei'].sign_in(), 'member': person['anna.schmidt'].sign_in()}
    for column, local in (('administrator', 'admin'), ('officer', 'officer'), ('auditor', 'auditor'), ('approver', 'approver'),
                          ('custodian', 'custodian1')):
        made[column] = person[local].sign_in()
    made['weak'] = Person(place, f'weak@{DOMAIN}', PASSWORD).sign_in()
    made['token'] = Caller(place, made['administrator'].done('token.add', {'label': 'metrics', 'days': 1, 'rights': ['metrics.see']})['token'])
    made['own'].address = person['maria.rossi'].address
    made['officer'].address = person['officer'].address
    yield made
    for caller in made.values():
        caller.close()


@pytest.fixture(scope='module')
def certificate(tmp_path_factory):
    """address -> PEM that names it."""
    folder, made = tmp_path_factory.mktemp('certificates'), {}

    def make(address):
        if address not in made:
            openssl(folder, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3', '-subj', '/CN=x',
                    '-addext', f'subjectAltName=email:{address}', '-keyout', 'key.pem', '-out', 'certificate.pem')
            made[address] = (folder / 'certificate.pem').read_text()
        return made[address]
    return make


@pytest.fixture(scope='module')
def pending(callers):
    """A request for approval that is open."""
    answer = callers['officer'].call('grant.add', {**ARGS['grant.add:privileged'], 'address': VICTIM})
    assert answer.code == 'approval_needed', answer
    return answer.json['approval']


def args_of(row, mark, column, callers, certificate, pending):
    operation = row.split(':')[0]
    args = dict(ARGS.get(row, {}))
    members = operations()[operation][3].split()
    if row in HARMLESS and mark == '+':
        args['address'] = GHOST
    elif 'address' in members and 'address' not in args:
        args['address'] = callers['own'].address if column == 'own' else VICTIM
    if row == 'grant.add:self':
        args['address'] = getattr(callers[column], 'address', VICTIM)
    if operation in ('trace', 'trace.own'):
        args['address'] = callers['own'].address if column == 'own' else VICTIM
    if operation == 'certificate.add':
        args['certificate'] = certificate(args['address'])
    if operation in ('approval.give', 'approval.refuse'):
        args['id'] = NUMBER if mark == '+' else pending
    return args


def mark_of(answer):
    if answer.code in UNPROVEN:
        return 'p'
    if answer.code in REFUSED or answer.status == 401:
        return '-'
    if answer.code == 'approval_needed':
        return 'a'
    assert answer.code not in ('unknown_operation', 'internal', 'throttled', 'overloaded', 'away', 'timeout', 'busy'), answer
    assert answer.status < 500 or answer.code != 'ok', answer
    return '+'


def allowed_by_simulation(callers, operation):
    """What cannot be called without ending the system."""
    shown = callers['administrator'].done('role.simulate', {'address': f'admin@{DOMAIN}'})['operations']
    return '+' if operation in shown else '-'


@pytest.mark.parametrize('column', COLUMNS)
def test_who_may_do_what(column, callers, certificate, pending):
    wrong = []
    rows = sorted(ROWS, key=lambda row: row == 'session.end')  # it ends what all others need
    for row in rows:
        expected, operation = ROWS[row][column], row.split(':')[0]
        if operation == 'stop' and expected == '+':
            got = allowed_by_simulation(callers, operation)
        else:
            answer = callers[column].call(operation, args_of(row, expected, column, callers, certificate, pending))
            got = mark_of(answer)
            if expected == 'h' and answer.code == 'not_found':
                got = 'h'
        if got != expected:
            wrong.append(f'{row}: {got} instead of {expected}: {answer}')
    assert not wrong, '\n' + '\n'.join(wrong)


def test_reading_by_get_asks_the_same(callers, pending):
    """The other method of HTTP is no other door."""
    wrong = []
    for name, (_, _, kind, members) in operations().items():
        required = [m for m in members.split() if not m.endswith('?')]
        if kind != 'READS' or required not in ([], ['address']):
            continue
        for column in ('nobody', 'token', 'custodian'):
            if ROWS[name][column] != '-' or column != 'nobody' and callers[column].token is None:
                continue
            answer = Caller(callers['nobody'].place, callers[column].token).ask('GET', f'/api/v1/{name}' + (f'?address={VICTIM}' if required else ''))
            if mark_of(answer) != '-':
                wrong.append((name, column, answer))
    assert not wrong, wrong


def test_nothing_is_left_of_all_that(place, callers):
    """The calls that were refused changed nothing."""
    admin = place.people['admin'].sign_in()
    shown = admin.done('user.show', {'address': VICTIM})
    assert (shown['role'], shown['state'], shown['name']) == ('user', 'active', '')
    assert admin.done('grant.list')['grants'] == []
    assert [u['role'] for u in admin.done('user.list')['users'] if u['address'] == STAFF] == ['auditor']
    assert Person(place, VICTIM, PASSWORD).start().status == 200
    assert place.people['auditor'].start().status == 200
