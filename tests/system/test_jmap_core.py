"""JMAP's core from outside: sign-in, requests, blobs, events, WebSocket; IMAP beside it."""
import base64
import json
import os
import subprocess

import pytest

from jmap_client import BLOB, CORE, MAIL, NAME, QUOTA, SIEVE, Events, Jmap, Socket
from mail import mark


@pytest.fixture(scope='module')
def user(site):
    return new_user(site)


@pytest.fixture(scope='module')
def jmap(site, user):
    return Jmap(site, user)


def new_user(site):
    made = {'address': f'jmap{mark()[:8]}@demo.test', 'password': 'first-password-1'}
    site.instance.cli('user', 'add', made['address'], '--stdin', stdin=made['password'] + '\n')
    return made


def letter(subject):
    return f'From: a@outside.test\r\nTo: b@demo.test\r\nSubject: {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n'.encode()


# ---- who is it ----

def test_programs_are_told_how_to_sign_in_and_pages_are_not(site, user):
    nobody = Jmap(site, user, authorization='Basic ' + base64.b64encode(b'nobody@demo.test:no').decode())
    for headers, asked in (({}, True), ({'Sec-Fetch-Mode': 'cors'}, False), ({'Cookie': 'a=b'}, False)):
        status, fields, body = nobody.ask('GET', '/jmap/session', headers=headers)
        assert (status, 'www-authenticate' in fields) == (401, asked)
        assert json.loads(body)['status'] == 401
    for authorization in ('Basic !!!', 'Bearer ', 'Digest x', 'Bearer ll1-' + 'A' * 43):
        assert Jmap(site, user, authorization=authorization).ask('GET', '/jmap/session')[0] == 401


def test_the_session_object(jmap, user):
    session = jmap.session()
    assert session['username'] == user['address']
    assert {CORE, MAIL, BLOB} <= set(session['capabilities'])
    account, = session['accounts'].values()
    assert account['name'] == user['address'] and account['isPersonal'] and not account['isReadOnly']
    assert session['primaryAccounts'][MAIL] == jmap.account
    assert session['apiUrl'] == f'https://{NAME}/jmap/api'
    assert json.loads(jmap.ask('GET', '/jmap/session', headers={'Host': f'{NAME.upper()}:8443'})[2])['apiUrl'] == f'https://{NAME}:8443/jmap/api'
    assert json.loads(jmap.ask('GET', '/jmap/session', headers={'Host': 'localhost:8443'})[2])['apiUrl'] == 'https://localhost:8443/jmap/api'
    status, fields, _ = jmap.ask('GET', '/.well-known/jmap')
    assert (status, fields['location']) == (307, '/jmap/session')


def test_no_name_that_somebody_made_up_stands_in_the_session(jmap):
    for host in ('evil.example', 'evil.example:443', f'{NAME}.evil.example', f'evil.example#{NAME}', f'{NAME}@evil.example', f'evil-{NAME}'):
        status, _, body = jmap.ask('GET', '/jmap/session', headers={'Host': host, 'X-Forwarded-Host': 'evil.example', 'Forwarded': 'host=evil.example',
                                                                     'X-Forwarded-Proto': 'http'})
        if status == 400:
            continue
        session = json.loads(body)
        urls = [session[name] for name in ('apiUrl', 'downloadUrl', 'uploadUrl', 'eventSourceUrl')]
        urls.append(session['capabilities']['urn:ietf:params:jmap:websocket']['url'])
        assert all(url.split('/')[2] == NAME and url.startswith(('https:', 'wss:')) for url in urls), (host, urls)


def test_app_passwords(site, user):
    made = site.instance.cli('user', 'app-password', 'add', user['address'], '--label', 'phone', '--stdin', stdin=user['password'] + '\n')
    assert Jmap(site, user, password=made['app_password']).session()['username'] == user['address']


def test_who_is_disabled_is_out_at_once(site):
    leaver = new_user(site)
    jmap = Jmap(site, leaver)
    events = Events(jmap, 'types=*')
    assert events.status == 200
    socket = Socket(jmap)
    assert socket.status == 101
    site.instance.cli('user', 'disable', leaver['address'])
    assert events.next() is None
    assert socket.receive() is None
    assert jmap.ask('GET', '/jmap/session')[0] == 401


# ---- requests ----

def problem(jmap, body, content='application/json'):
    status, answer = jmap.api(body, content)
    assert status == 400, answer
    return answer['type'].rpartition(':')[2], answer.get('limit')


def test_requests_that_are_refused_as_a_whole(jmap):
    good = {'using': [CORE], 'methodCalls': []}
    assert problem(jmap, '{') == ('notJSON', None)
    assert problem(jmap, '{"using": [], "using": [], "methodCalls": []}') == ('notJSON', None)
    assert problem(jmap, json.dumps(good), 'text/plain') == ('notJSON', None)
    assert problem(jmap, '[]') == ('notRequest', None)
    assert problem(jmap, {**good, 'methodCalls': [['Core/echo', {}]]}) == ('notRequest', None)
    assert problem(jmap, {**good, 'using': ['urn:example:nothing']}) == ('unknownCapability', None)
    assert problem(jmap, {**good, 'methodCalls': [['Core/echo', {}, '0']] * 65}) == ('limit', 'maxCallsInRequest')
    assert problem(jmap, b' ' * 10000002) == ('limit', 'maxSizeRequest')


def test_calls_and_references(jmap):
    account = jmap.account
    answers = jmap.calls(['Core/echo', {'a': {'b/c': [1, {'x': 'é'}]}}, 'e'], ['Mailbox/get', {'accountId': account}, 'm'],
                         ['Mailbox/get', {'accountId': account, '#ids': {'resultOf': 'm', 'name': 'Mailbox/get', 'path': '/list/*/id'},
                                          'properties': ['role']}, 'n'],
                         ['Core/echo', {'#x': {'resultOf': 'e', 'name': 'Core/echo', 'path': '/a/b~1c/1/x'}}, 'o'],
                         ['Core/echo', {'#x': {'resultOf': 'e', 'name': 'Core/echo', 'path': '/nothing'}}, 'p'],
                         ['Core/echo', {'#x': {'resultOf': 'e', 'name': 'Core/ohce', 'path': '/a'}}, 'q'],
                         ['Nothing/get', {}, 'r'], ['Mailbox/get', {'accountId': 'Anobody'}, 's'],
                         ['Mailbox/get', {'accountId': account, 'ids': 'x'}, 't'], ['Mailbox/get', {'accountId': account, 'ids': ['Fnone', 'Fnone']}, 'u'])
    assert [a[2] for a in answers] == list('emnopqrstu')
    assert 'inbox' in [m['role'] for m in answers[2][1]['list']] and len(answers[2][1]['list']) == len(answers[1][1]['list'])
    assert answers[3][1] == {'x': 'é'}
    assert [a[1]['type'] for a in answers[4:9]] == ['invalidResultReference', 'invalidResultReference', 'unknownMethod', 'accountNotFound',
                                                    'invalidArguments']
    assert answers[9][1]['notFound'] == ['Fnone']


def test_methods_need_their_capability_and_creation_ids_come_back(jmap):
    assert jmap.calls(['Mailbox/get', {'accountId': jmap.account}, '0'], using=[CORE])[0][1]['type'] == 'unknownMethod'
    status, answer = jmap.api({'using': [CORE, BLOB], 'createdIds': {'old': 'Uold'}, 'methodCalls': [
        ['Blob/upload', {'accountId': jmap.account, 'create': {'new': {'data': [{'data:asText': 'x'}]}}}, '0']]})
    assert status == 200
    assert answer['createdIds'] == {'old': 'Uold', 'new': answer['methodResponses'][0][1]['created']['new']['id']}


@pytest.mark.parametrize('version', ['--http1.1', '--http2'])
def test_both_versions_of_http(site, user, version):
    done = subprocess.run(['curl', '-sS', '-k', '--max-time', '60', version, '--resolve', f'{NAME}:{site.ports["https"]}:127.0.0.1', '-u',
                           f'{user["address"]}:{user["password"]}', '-H', 'Content-Type: application/json', '--data-binary', '@-',
                           f'https://{NAME}:{site.ports["https"]}/jmap/api', '-w', '\n%{http_version}'], capture_output=True, check=True,
                          input=json.dumps({'using': [CORE], 'methodCalls': [['Core/echo', {'text': 'y' * 300000}, '0']]}).encode())
    body, _, spoken = done.stdout.decode().rpartition('\n')
    assert spoken == ('2' if version == '--http2' else '1.1')
    assert len(json.loads(body)['methodResponses'][0][1]['text']) == 300000


# ---- blobs ----

def test_what_is_uploaded_comes_down_again_and_is_nobody_elses(site, jmap):
    data = os.urandom(700001)
    status, made = jmap.upload(data, 'image/png')
    assert (status, made['size'], made['type']) == (201, len(data), 'image/png')
    status, fields, body = jmap.download(made['blobId'], 'a%20b.png', 'text/html')
    assert (status, body == data, fields['content-type']) == (200, True, 'text/html')
    assert fields['content-disposition'] == "attachment; filename*=UTF-8''a%20b.png"
    assert 'sandbox' in fields['content-security-policy'] and fields['x-content-type-options'] == 'nosniff'
    other = Jmap(site, site.user('anna.schmidt'))
    assert other.download(made['blobId'])[0] == 404
    assert other.ask('GET', f'/jmap/download/{jmap.account}/{made["blobId"]}/x')[0] == 404
    assert jmap.download('U' + '0' * 32)[0] == 404


def test_too_large_uploads(site, jmap):
    limit = jmap.session()['capabilities'][CORE]['maxSizeUpload']
    status = subprocess.run(['curl', '-sS', '-k', '--max-time', '120', '--resolve', f'{NAME}:{site.ports["https"]}:127.0.0.1', '-u',
                             f'{jmap.user["address"]}:{jmap.user["password"]}', '-H', 'Content-Type: image/png', '--data-binary', '@-', '-o', '/dev/null', '-w', '%{http_code}',
                             f'https://{NAME}:{site.ports["https"]}/jmap/upload/{jmap.account}/'], input=b'0' * (limit + 1), capture_output=True,
                            check=False).stdout
    assert status == b'413'


def test_blobs_within_requests(jmap):
    account = jmap.account
    made, got, found = jmap.calls(
        ['Blob/upload', {'accountId': account, 'create': {
            'a': {'data': [{'data:asText': 'hello '}, {'data:asBase64': 'd29ybGQ='}], 'type': 'text/plain'},
            'b': {'data': [{'blobId': '#a', 'offset': 1, 'length': 4}]}, 'c': {'data': [{'blobId': 'Unone'}]}, 'd': {'data': 'x'}}}, '0'],
        ['Blob/get', {'accountId': account, 'ids': ['#a', '#b', 'Unone'], 'properties': ['data', 'size', 'digest:sha-256', 'digest:sha']}, '1'],
        ['Blob/lookup', {'accountId': account, 'ids': ['#a', 'Unone'], 'typeNames': ['Email']}, '2'])
    assert made[1]['created']['a']['size'] == 11
    assert {k: v['type'] for k, v in made[1]['notCreated'].items()} == {'c': 'blobNotFound', 'd': 'invalidProperties'}
    assert [b['data:asText'] for b in got[1]['list']] == ['hello world', 'ello'] and got[1]['notFound'] == ['Unone']
    assert got[1]['list'][0]['digest:sha-256'] == 'uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek='
    assert found[1]['list'][0]['matchedIds'] == {'Email': []} and found[1]['notFound'] == ['Unone']


# ---- changes ----

def test_a_change_over_imap_is_an_event_within_its_time(site, user, jmap):
    events = Events(jmap, 'types=Mailbox,Email&ping=5&closeafter=no')
    assert (events.status, events.kind) == (200, 'text/event-stream; charset=utf-8')
    with site.imap(user) as imap:
        assert imap.append('INBOX', None, None, letter('one'))[0] == 'OK'
    kinds = set()
    name, data, at = events.next()
    while name == 'ping':
        assert data == {'interval': 5}
        name, data, at = events.next()
    assert (name, data['@type'], list(data['changed'])) == ('state', 'StateChange', [jmap.account])
    kinds |= set(data['changed'][jmap.account])
    assert kinds <= {'Mailbox', 'Email'} and 'Email' in kinds
    events.close()
    with site.imap(user) as imap:
        assert imap.append('INBOX', None, None, letter('two'))[0] == 'OK'
    late = Events(jmap, 'types=Mailbox,Email&closeafter=state', last=at)
    assert late.next()[0] == 'state'
    assert late.next() is None


def test_websocket(site, user, jmap):
    socket = Socket(jmap)
    assert (socket.status, socket.fields['sec-websocket-accept'], socket.fields['sec-websocket-protocol']) == (101, socket.expected, 'jmap')
    socket.send({'@type': 'Request', 'id': 'r1', 'using': [CORE], 'methodCalls': [['Core/echo', {'a': 'x' * 200000}, '0']]})
    answer = socket.receive()
    assert (answer['@type'], answer['requestId'], len(answer['methodResponses'][0][1]['a'])) == ('Response', 'r1', 200000)
    half = json.dumps({'@type': 'Request', 'using': [CORE], 'methodCalls': [['Core/echo', {}, '0']]}).encode()
    socket.frame(1, half[:10], fin=False)
    socket.frame(9, b'in between')
    socket.frame(0, half[10:])
    assert socket.receive()['methodResponses'] == [['Core/echo', {}, '0']]
    socket.send({'@type': 'Request', 'id': 'r2', 'using': ['urn:example:nothing'], 'methodCalls': []})
    answer = socket.receive()
    assert (answer['@type'], answer['requestId'], answer['type']) == ('RequestError', 'r2', 'urn:ietf:params:jmap:error:unknownCapability')
    socket.send({'@type': 'WebSocketPushEnable', 'dataTypes': None})
    with site.imap(user) as imap:
        assert imap.append('INBOX', None, None, letter('three'))[0] == 'OK'
    pushed = socket.receive()
    assert pushed['@type'] == 'StateChange' and pushed['pushState']
    socket.close()


def test_websockets_that_break_the_rules_end(jmap):
    assert Socket(jmap, protocol='chat').status == 426
    for op, data, code in ((2, b'binary', 1003), (0, b'nothing to continue', 1002), (1, b'\xff', 1007), (3, b'', 1002)):
        socket = Socket(jmap)
        socket.frame(op, data)
        kind, _, reason = socket.read_frame()
        assert (kind, int.from_bytes(reason, 'big')) == (8, code)
        assert socket.receive() is None
        socket.close()


# ---- quota and scripts ----

def test_the_quota(site, jmap, user):
    quota = jmap.calls(['Quota/get', {'accountId': jmap.account}, '0'], using=[CORE, QUOTA])[0][1]
    assert {q['resourceType'] for q in quota['list']} <= {'octets'}
    before = quota['state']
    with site.imap(user) as imap:
        assert imap.append('INBOX', None, None, letter('four'))[0] == 'OK'
    changed = jmap.calls(['Quota/changes', {'accountId': jmap.account, 'sinceState': before}, '0'], using=[CORE, QUOTA])[0][1]
    assert changed['newState'] != before


def test_scripts(site, jmap, user):
    def calls(*calls):
        return [a[1] for a in jmap.calls(*[[name, {'accountId': jmap.account, **args}, str(i)] for i, (name, args) in enumerate(calls)],
                                         using=[CORE, BLOB, SIEVE])]

    def text(words):
        return {'data': [{'data:asText': words}], 'type': 'application/sieve'}

    uploaded, made, wrong = calls(
        ('Blob/upload', {'create': {'good': text('keep;'), 'bad': text('nonsense here;')}}),
        ('SieveScript/set', {'create': {'a': {'name': 'mine', 'blobId': '#good'}, 'b': {'name': 'broken', 'blobId': '#bad'}, 'c': {'blobId': '#good', 'isActive': True}},
                             'onSuccessActivateScript': '#a'}),
        ('SieveScript/validate', {'blobId': '#bad'}))
    assert list(made['created']) == ['a'] and made['created']['a']['isActive'] is False
    assert {k: v['type'] for k, v in made['notCreated'].items()} == {'b': 'invalidSieve', 'c': 'invalidProperties'}
    assert wrong['error']['type'] == 'invalidSieve' and wrong['error']['description']
    script = made['created']['a']['id']
    active, = calls(('SieveScript/set', {'onSuccessActivateScript': script}))
    assert active['newState'] != active['oldState'] == made['newState']
    shown, found = calls(('SieveScript/get', {'ids': None}), ('SieveScript/query', {'filter': {'isActive': True}}))
    assert [(s['name'], s['isActive']) for s in shown['list']] == [('mine', True)] and found['ids'] == [script]
    assert jmap.download(shown['list'][0]['blobId'])[2] == b'keep;'
    kept, twice = calls(('SieveScript/set', {'destroy': [script]}), ('SieveScript/set', {'create': {'d': {'name': 'mine', 'blobId': uploaded['created']['good']['id']}}}))
    assert kept['notDestroyed'][script]['type'] == 'sieveIsActive'
    assert twice['notCreated']['d'] == {'type': 'alreadyExists', 'existingId': script}
    gone, = calls(('SieveScript/set', {'update': {script: {'blobId': uploaded['created']['good']['id']}}, 'onSuccessDeactivateScript': True}))
    assert gone['updated'] == {script: None}
    gone, = calls(('SieveScript/set', {'destroy': [script]}))
    assert gone['destroyed'] == [script]
