"""The admin API over HTTPS: every operation, HTTP as it should be, keys, pages, health, metrics, and the door that does not stay shut."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import TOP, end_site, make_site
from mail import HOST, mark
from web import Web, sign_in

CONFIRM = 3


@pytest.fixture(scope='module')
def place():
    made = make_site({'reload_confirm': f'{CONFIRM}s', 'http.forwarded_from': ['127.0.0.1', '::1'], 'auth.oauth': 'yes'})
    yield made
    end_site(made)


@pytest.fixture(scope='module')
def admin(place):
    """The administrator of the demo, whose session has shown its second factor."""
    with open(place.instance.path('session'), encoding='utf-8') as f:
        return Web(place, f.read().strip())


@pytest.fixture(scope='module')
def operations():
    """name -> {'get': …, 'post': …} of the description."""
    with open(os.path.join(TOP, 'docs', 'openapi.json'), encoding='utf-8') as f:
        paths = json.load(f)['paths']
    return {path.rsplit('/', 1)[1]: item for path, item in paths.items()}


# ---- the description ----

def test_the_server_describes_itself_as_docs_do(place, operations):
    answer = Web(place).get('openapi.json')
    assert answer.status == 200
    assert {p.rsplit('/', 1)[1] for p in answer.json()['paths']} == set(operations)


def test_the_description_is_valid(tmp_path):
    folder, source = os.path.join(TOP, 'build', 'openapi-validator'), os.path.join(TOP, 'tests', 'system', 'openapi')
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(source):
        with open(os.path.join(source, name), 'rb') as f, open(os.path.join(folder, name), 'wb') as target:
            target.write(f.read())
    if not os.path.isdir(os.path.join(folder, 'node_modules')):
        subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], cwd=folder, check=True, capture_output=True)
    done = subprocess.run(['node', 'validate.mjs', os.path.join(TOP, 'docs', 'openapi.json')], cwd=folder, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr


def test_every_operation_is_reachable_and_checked(place, operations):
    """Without a token each is known, and either refused or complains of its arguments; nothing is unknown or breaks."""
    api = Web(place)
    for name, item in operations.items():
        answer = api.call(name, {})
        assert answer.status in (200, 400, 401, 403, 404, 409), (name, answer.status, answer.body)
        assert answer.status == 200 or answer.code not in ('unknown_operation', 'internal'), (name, answer.body)
        if 'get' not in item:
            assert api.get(name).status == 405
    assert len(operations) > 40


def test_operations_without_arguments_work_with_a_token(admin, operations):
    for name, item in operations.items():
        if 'get' in item and not any(p.get('required') for p in item['get'].get('parameters', [])):
            answer = admin.get(name)
            assert answer.status in (200, 207, 400, 403, 404, 409), (name, answer.status, answer.body)
    assert admin.get('status').json()['version']


# ---- who may ----

def test_without_a_token_nobody_is_anybody(place):
    answer = Web(place).get('user.list')
    assert answer.status == 401 and answer.code == 'sign_in'
    assert answer.headers['WWW-Authenticate'].startswith('Bearer')
    assert answer.headers['Content-Type'] == 'application/problem+json'
    assert answer.json()['cid'].startswith('a')


def test_a_wrong_token_is_nobody(place):
    for token in ('ll1-' + 'A' * 43, 'x', 'll1-' + 'A' * 5000):
        assert Web(place, token).get('user.list').status in (400, 401)
    assert Web(place).ask('GET', '/api/v1/user.list', headers={'Authorization': 'Basic YTpi'}).status == 401


def test_a_plain_user_may_not_administer(place):
    api = sign_in(place, place.user('zhao.min'))
    assert api.get('status').status == 403
    assert api.call('user.remove', {'address': 'wang.lei@demo.test'}).status == 403


def test_a_token_has_no_more_rights_than_it_was_given(place, admin):
    made = admin.done('token.add', {'label': 'metrics', 'days': 1, 'rights': ['metrics.see']})
    api = Web(place, made['token'])
    assert api.get('metrics').status == 200
    assert api.get('user.list').status == 403
    assert api.call('domain.add', {'domain': 'x.test'}).status == 403


def test_calls_are_recorded_without_their_secrets(place, admin):
    word = mark()
    admin.call('user.passwd', {'address': f'{word}@demo.test', 'old': 'secret-' + word, 'new': 'other-' + word})
    admin.get('user.show', f'address={word}%40demo.test')
    with open(place.instance.path('log', 'letterlockd.log'), encoding='utf-8') as f:
        log = f.read()
    assert f'op=user.show object={word}@demo.test' in log
    assert 'secret-' + word not in log and 'other-' + word not in log and admin.token not in log


# ---- operations ----

def test_a_call_changes_what_the_command_line_shows(place, admin):
    name = f'{mark()}@demo.test'
    assert admin.done('alias.add', {'address': name, 'target': 'wang.lei@demo.test'}) == {}
    assert any(a['address'] == name for a in admin.done('alias.list', {'domain': 'demo.test'})['aliases'])
    again = admin.call('alias.add', {'address': name, 'target': 'wang.lei@demo.test'})
    assert again.status == 409 and again.code == 'exists'
    admin.done('alias.remove', {'address': name})
    assert admin.call('alias.remove', {'address': name}).status == 404


def test_arguments_are_checked(admin):
    for args in ({'nonsense': 1}, {'address': 1}, {'address': ['x']}):
        assert admin.call('user.show', args).status == 400
    assert admin.call('user.show').status == 400
    for query in ('address=a&address=b', 'nonsense=1', 'address=%ff', 'address=%zz'):
        assert admin.get('user.show', query).status == 400
    assert admin.ask('POST', '/api/v1/user.list', '{"domain":1', {'Content-Type': 'application/json'}).status == 400
    assert admin.ask('POST', '/api/v1/user.list', '[]', {'Content-Type': 'application/json'}).status == 400
    assert admin.ask('POST', '/api/v1/user.list', '{"a":1,"a":1}', {'Content-Type': 'application/json'}).status == 400
    assert admin.ask('POST', '/api/v1/user.list', '[' * 50000, {'Content-Type': 'application/json'}).status == 400
    assert admin.ask('POST', '/api/v1/user.list', 'domain=x', {'Content-Type': 'application/x-www-form-urlencoded'}).status == 415


def test_lists_come_in_pages(admin):
    """A list longer than a page leads on by `next`, in the body and as a Link field."""
    base = mark()
    for i in range(105):
        admin.done('alias.add', {'address': f'{base}.{i:03}@demo.test', 'target': 'wang.lei@demo.test'})
    seen, path, pages = [], '/api/v1/alias.list?domain=demo.test', 0
    while path:
        answer = admin.ask('GET', path)
        page = answer.json()
        seen += [a['address'] for a in page['aliases']]
        pages += 1
        link = answer.headers.get('Link', '')
        assert bool(link) == bool(page.get('more'))
        path = link[1:link.index('>')] if link else None
        assert not link or link.endswith('rel="next"')
    assert pages > 1 and len(seen) == len(set(seen))
    assert sum(a.startswith(base) for a in seen) == 105


# ---- keys ----

def test_a_key_makes_a_call_once(admin):
    name, key = f'{mark()}@demo.test', {'Idempotency-Key': f'"{mark()}"'}
    args = {'address': name, 'target': 'wang.lei@demo.test'}
    first, second = admin.call('alias.add', args, key), admin.call('alias.add', args, key)
    assert (first.status, second.status) == (200, 200) and first.body == second.body
    other = admin.call('alias.add', {**args, 'target': 'zhao.min@demo.test'}, key)
    assert other.status == 422 and other.code == 'key_reused'
    assert admin.call('alias.add', args).status == 409


def test_a_key_also_keeps_a_refusal(admin):
    key = {'Idempotency-Key': mark()}
    args = {'address': f'{mark()}@nowhere.test', 'target': 'wang.lei@demo.test'}
    first, second = admin.call('alias.add', args, key), admin.call('alias.add', args, key)
    assert first.status == second.status == 404
    assert first.code == second.code


def test_a_call_that_was_not_allowed_leaves_its_key_free(place, admin):
    key, args = {'Idempotency-Key': mark()}, {'address': f'{mark()}@demo.test', 'target': 'wang.lei@demo.test'}
    user = sign_in(place, place.user('zhao.min'))
    assert user.call('alias.add', args, key).status == 403
    other = user.call('alias.add', {**args, 'target': 'zhao.min@demo.test'}, key)
    assert other.status == 403 and other.code == 'denied'


def test_keys_outlive_the_processes(place, admin):
    name, key = f'{mark()}@demo.test', {'Idempotency-Key': mark()}
    args = {'address': name, 'target': 'wang.lei@demo.test'}
    assert admin.call('alias.add', args, key).status == 200
    for role in place.instance.cli('status')['roles']:
        if role['role'] in ('admin', 'auth', 'manage'):
            os.kill(role['pid'], signal.SIGKILL)
    end = time.monotonic() + 20
    while True:
        try:
            answer = admin.call('alias.add', args, key)
        except OSError:
            answer = None
        if answer is not None and answer.status != 503:
            break
        assert time.monotonic() < end, 'the processes did not come back'
        time.sleep(0.2)
    assert answer.status == 200


def test_secrets_are_not_kept_for_a_repetition(place, admin):
    key = {'Idempotency-Key': mark()}
    first = admin.call('token.add', {'label': 'once', 'days': 1, 'rights': ['metrics.see']}, key)
    assert first.status == 200 and first.json()['token']
    again = admin.call('token.add', {'label': 'once', 'days': 1, 'rights': ['metrics.see']}, key)
    assert again.status == 409 and again.code == 'done_before'


@pytest.mark.parametrize('key', ['', 'x' * 201, '""'])
def test_bad_keys_are_refused(admin, key):
    assert admin.call('alias.list', {}, {'Idempotency-Key': key}).status == 400


# ---- HTTP ----

def head(path='/healthz/live', extra=''):
    return f'GET {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n'


@pytest.mark.parametrize('name, request_bytes, status', [
    ('length and coding', 'POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400),
    ('two lengths', 'POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde', 400),
    ('folded line', 'GET /x HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n', 400),
    ('bare LF', 'GET /x HTTP/1.1\nHost: x\n\n', 400),
    ('bare CR', 'GET /x HTTP/1.1\r\nHost: x\rX: b\r\n\r\n', 400),
    ('space before colon', 'GET /x HTTP/1.1\r\nHost : x\r\n\r\n', 400),
    ('bad chunk', 'POST /api/v1/user.list HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400),
    ('other coding', 'POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501),
    ('no host', 'GET /x HTTP/1.1\r\n\r\n', 400),
    ('two hosts', 'GET /x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400),
    ('unknown method', 'BREW /x HTTP/1.1\r\nHost: x\r\n\r\n', 501),
    ('version', 'GET /x HTTP/3.0\r\nHost: x\r\n\r\n', 505),
    ('expectation', 'POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: tea\r\n\r\nx', 417),
    ('body', f'POST /api/v1/user.list HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 30}\r\n\r\n', 413),
    ('long line', 'GET /' + 'a' * 9000 + ' HTTP/1.1\r\nHost: x\r\n\r\n', 414),
    ('large head', head(extra='X: ' + 'a' * 17000 + '\r\n'), 431),
    ('many fields', head(extra='A: b\r\n' * 101), 431),
])
def test_what_could_be_read_in_two_ways_is_refused(place, name, request_bytes, status):
    """And what stands behind it is never looked at."""
    out = Web(place).raw((request_bytes + head('/healthz/live')).encode())
    assert out.startswith(f'HTTP/1.1 {status} '.encode()), (name, out[:200])
    assert out.count(b'HTTP/1.1 ') == 1 and not out.endswith(b'<open>')


def test_ten_thousand_bytes_of_fields_are_fine(place):
    out = Web(place).raw(head(extra='X: ' + 'a' * 10000 + '\r\nConnection: close\r\n').encode())
    assert out.startswith(b'HTTP/1.1 200 ')


def test_pipelined_requests_are_answered_in_order(place):
    data = (head('/healthz/live') + head('/nothing') + head('/api/v1/openapi.json')
            + head('/healthz/live', 'Connection: close\r\n')).encode()
    for chunk in (None, 7):
        out = Web(place).raw(data, chunk=chunk)
        assert re.findall(rb'HTTP/1\.1 (\d+) ', out) == [b'200', b'404', b'200', b'200']
        assert not out.endswith(b'<open>')


def test_a_connection_stays_for_the_next_request(place):
    assert Web(place).raw(head().encode()).endswith(b'<open>')


def test_a_slow_client_holds_nobody_up(place):
    """A request that trickles in over seconds is served, and others are served meanwhile."""
    api, slow = Web(place), []
    thread = threading.Thread(target=lambda: slow.append(api.raw(head(extra='Connection: close\r\n').encode(), pause=0.05, chunk=1)))
    thread.start()
    for _ in range(5):
        assert api.ask('GET', '/healthz/live').status == 200
    thread.join()
    assert slow[0].startswith(b'HTTP/1.1 200 ')


def test_expect_continue(place):
    body = b'{}'
    with socket.create_connection((HOST, place.ports['management']), timeout=20) as plain:
        with place.tls().wrap_socket(plain, server_hostname=HOST) as sock:
            sock.sendall(b'POST /api/v1/user.list HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n'
                         b'Expect: 100-continue\r\n\r\n')
            assert sock.recv(1000) == b'HTTP/1.1 100 Continue\r\n\r\n'
            sock.sendall(body)
            assert sock.recv(1000).startswith(b'HTTP/1.1 401 ')


def test_head_and_options(place):
    api = Web(place)
    get, only_head = api.get('openapi.json'), api.ask('HEAD', '/api/v1/openapi.json')
    assert only_head.status == 200 and only_head.body == b'' and only_head.headers['Content-Length'] == get.headers['Content-Length']
    options = api.ask('OPTIONS', '/api/v1/user.add')
    assert options.status == 204 and 'POST' in options.headers['Allow'] and 'GET' not in options.headers['Allow']
    assert 'Access-Control-Allow-Origin' not in options.headers
    assert api.ask('DELETE', '/api/v1/user.list').status == 405


def test_answers_are_not_kept_or_interpreted(place):
    headers = Web(place).ask('GET', '/nothing').headers
    assert headers['Cache-Control'] == 'no-store'
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert "frame-ancestors 'none'" in headers['Content-Security-Policy']
    assert headers['Date'].endswith('GMT') and 'Server' not in headers


def test_only_tls_is_spoken(place):
    with socket.create_connection((HOST, place.ports['management']), timeout=20) as plain:
        plain.sendall(head().encode())
        with contextlib.suppress(ConnectionResetError):
            assert b'HTTP' not in plain.recv(1000)


def test_alpn(place):
    context = place.tls()
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with socket.create_connection((HOST, place.ports['management']), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=HOST) as sock:
            assert sock.selected_alpn_protocol() == 'http/1.1'
            assert sock.version() in ('TLSv1.3', 'TLSv1.2')


def test_curl(place):
    done = subprocess.run(['curl', '-sS', '--fail', '--cacert', place.instance.path('ca.pem'),
                           f'https://localhost:{place.ports["management"]}/healthz/live',
                           '-o', '/dev/null', '-w', '%{http_code} %{http_version}'], capture_output=True, text=True, check=False)
    assert done.stdout == '200 1.1', done.stderr


@pytest.mark.parametrize('path', ['/../etc/passwd', '/api/v1/../v1/status', '/api/v1/user%2flist', '/api/v1/%00', '//', '/api/v1/',
                                  '/API/v1/status',
                                  '/api/v1/status/', '/%2e%2e/x'])
def test_other_paths_are_nothing(place, path):
    assert Web(place).raw(head(path, 'Connection: close\r\n').encode()).startswith(b'HTTP/1.1 404 ')


# ---- health and metrics ----

def test_health(place):
    api = Web(place)
    assert api.ask('GET', '/healthz/live').status == 200
    ready = api.ask('GET', '/healthz/ready')
    assert ready.status == 200 and ready.json() == {'ready': True}
    assert api.ask('GET', '/healthz/ready', headers={'X-Forwarded-For': '192.0.2.1'}).body == b''
    assert api.ask('POST', '/healthz/ready').status == 405


def test_metrics(place, admin):
    api = Web(place)
    assert api.ask('GET', '/metrics').status == 401
    assert sign_in(place, place.user('zhao.min')).ask('GET', '/metrics').status == 403
    answer = admin.ask('GET', '/metrics')
    assert answer.status == 200 and answer.headers['Content-Type'].startswith('text/plain; version=0.0.4')
    lines = answer.body.decode().splitlines()
    samples = [line for line in lines if not line.startswith('#')]
    assert all(len(line.rsplit(' ', 1)) == 2 and float(line.rsplit(' ', 1)[1]) >= 0 for line in samples)
    names = {line.split('{')[0].split(' ')[0] for line in samples}
    assert {'letterlock_build_info', 'letterlock_role_up', 'letterlock_smtp_connections_total', 'letterlock_queue_messages',
            'letterlock_auth_attempts_total', 'letterlock_http_requests_total', 'letterlock_sessions'} <= names
    types = [line.split()[2] for line in lines if line.startswith('# TYPE')]
    assert len(types) == len(set(types))
    assert '@' not in answer.body.decode()


def test_metrics_are_open_to_this_machine_when_it_is_said(place):
    rewrite(place, 'management:\n  metrics_open: yes\n')
    place.instance.cli('reload')
    try:
        wait_for(lambda: Web(place).ask('GET', '/metrics').status == 200)
        assert Web(place).ask('GET', '/metrics', headers={'X-Forwarded-For': '192.0.2.1'}).status == 401
    finally:
        rewrite(place)
        place.instance.cli('reload')
    wait_for(lambda: Web(place).ask('GET', '/metrics').status == 401)


# ---- the authorization server ----

def test_the_authorization_server_answers_over_http(place):
    api = Web(place)
    metadata = api.ask('GET', '/.well-known/oauth-authorization-server')
    assert metadata.status == 200 and metadata.headers['Content-Type'] == 'application/json'
    assert metadata.json()['token_endpoint'].endswith('/oauth/token')
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    refused = api.ask('POST', '/oauth/token', 'grant_type=authorization_code&code=x&client_id=nobody', form)
    assert refused.status in (400, 401) and refused.json()['error'] and refused.headers['Cache-Control'] == 'no-store'
    assert api.ask('POST', '/oauth/token', '{}', {'Content-Type': 'application/json'}).status == 415
    assert api.ask('DELETE', '/oauth/token').status == 405


# ---- doors ----

def rewrite(place, more=''):
    place.instance.write_config()
    with open(place.instance.path('letterlock.yaml'), encoding='utf-8') as f:
        text = f.read()
    place.instance.write('letterlock.yaml', text + more)


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.1)


def is_open(place):
    try:
        return Web(place).ask('GET', '/healthz/live').status == 200
    except OSError:
        return False


def log_of(place):
    with open(place.instance.path('log', 'letterlockd.log'), encoding='utf-8') as f:
        return f.read()


def test_a_change_that_locks_out_comes_back_by_itself(place):
    before = log_of(place).count('event=config.reverted')
    rewrite(place, 'management:\n  allow:\n    - 192.0.2.0/24\n')
    assert place.instance.cli('reload')['confirm_within'] == CONFIRM
    try:
        wait_for(lambda: not is_open(place))
        wait_for(lambda: is_open(place), CONFIRM + 20)
        assert log_of(place).count('event=config.reverted') == before + 1
        assert place.instance.cli('reload', 'confirm', check=False)[0] == 6
    finally:
        rewrite(place)
        place.instance.cli('reload')


def test_a_confirmed_change_stays(place, admin):
    rewrite(place, 'management:\n  allow:\n    - 127.0.0.0/8\n    - ::1\n')
    assert admin.done('reload')['confirm_within'] == CONFIRM
    assert admin.done('reload.confirm') == {}
    time.sleep(CONFIRM + 0.5)  # the time in which it would have come back
    try:
        assert is_open(place)
        # An address that proxies speak for is held against the list too.
        assert Web(place).ask('GET', '/healthz/live', headers={'X-Forwarded-For': '192.0.2.1'}).status == 403
        assert Web(place).ask('GET', '/healthz/live', headers={'X-Forwarded-For': '127.9.9.9'}).status == 200
    finally:
        rewrite(place)
        place.instance.cli('reload')
        place.instance.cli('reload', 'confirm', check=False)
    assert 'event=config.confirmed' in log_of(place)


@pytest.mark.parametrize('wrong', ['192.0.2.0/33', 'example.org', '192.0.2'])
def test_what_is_no_prefix_is_no_configuration(place, wrong):
    rewrite(place, f'management:\n  allow:\n    - {wrong}\n')
    try:
        code, _, words = place.instance.cli('reload', check=False)
        assert code == 3 and wrong in words
        assert is_open(place)
    finally:
        rewrite(place)


def test_other_changes_need_no_confirmation(place):
    rewrite(place, 'message_size: 10MiB\n')
    try:
        assert 'confirm_within' not in place.instance.cli('reload')
    finally:
        rewrite(place)
        place.instance.cli('reload')


def test_the_forwarded_address_is_the_one_recorded(place, admin):
    word = mark()
    admin.ask('GET', f'/api/v1/user.show?address={word}%40demo.test', headers={'X-Forwarded-For': '198.51.100.7, 127.0.0.1'})
    line = next(line for line in log_of(place).splitlines() if word in line and 'op=user.show' in line)
    assert 'ip=198.51.100.7' in line
