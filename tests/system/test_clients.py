"""Programs that people use: what they fetch is what is there, by count and hash."""
import mailbox
import os
import subprocess

import pytest

from mail import all_messages, letter, mark, sha

NODE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'node')
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*args, **options):
    environment = {**os.environ, **options.pop('env', {})}
    done = subprocess.run(args, capture_output=True, text=True, timeout=180, check=False, env=environment, **options)
    assert done.returncode == 0, f'{args[0]} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}'
    return done.stdout


def unix(data):
    return data.replace(b'\r\n', b'\n')


def hashes_on_server(site, user, box='INBOX'):
    with site.imap(user) as client:
        return sorted(sha(unix(raw)) for raw in all_messages(client, box))


def test_curl_sends_and_fetches(site, folder):
    user, subject = site.user('james.carter'), mark()
    data = letter(user['address'], user['address'], subject, 'by curl\r\n')
    path = folder / 'letter.eml'
    path.write_bytes(data)
    login, tls = f'{user["address"]}:{user["password"]}', ['--cacert', site.instance.path('ca.pem'), '-sS']
    run('curl', *tls, '--user', login, '--mail-from', user['address'], '--mail-rcpt', user['address'], '--upload-file', str(path),
        f'smtps://127.0.0.1:{site.ports["submissions"]}')
    site.find(user, subject)
    found = run('curl', *tls, '--user', login, f'imaps://127.0.0.1:{site.ports["imaps"]}/INBOX?SUBJECT%20{subject}')
    number = found.split()[-1]
    target = folder / 'back.eml'
    run('curl', *tls, '--user', login, '--output', str(target), f'imaps://127.0.0.1:{site.ports["imaps"]}/INBOX/;MAILINDEX={number}')
    assert target.read_bytes().endswith(data)
    listed = run('curl', *tls, '--user', login, f'pop3s://127.0.0.1:{site.ports["pop3s"]}/')
    assert len(listed.strip().splitlines()) == len(hashes_on_server(site, user))


def test_swaks_over_every_door(site):
    user = site.user('anna.schmidt')
    for port, how in (('submissions', ['--tls-on-connect']), ('submission', ['--tls'])):
        subject = mark()
        run('swaks', '--server', f'127.0.0.1:{site.ports[port]}', *how, '--auth', 'PLAIN', '--auth-user', user['address'], '--auth-password',
            user['password'], '--from', user['address'], '--to', user['address'], '--header', f'Subject: {subject}', '--body', '中文 by swaks')
        site.find(user, subject)
    subject = mark()
    run('swaks', '--server', f'127.0.0.1:{site.ports["smtp"]}', '--helo', 'mx.outside.test', '--from', 'x@outside.test', '--to', user['address'],
        '--header', f'Subject: {subject}', '--pipeline')
    site.find(user, subject)


@pytest.mark.parametrize('mechanism', ['*', 'LOGIN', 'SCRAM-SHA-256 with an app password'])
def test_mbsync_makes_a_true_copy_and_stays_quiet_after(site, folder, mechanism):
    """By itself Cyrus SASL takes SCRAM when it is offered and never falls back."""
    user = site.user('lin.xiaomei')
    password = user['password']
    if 'app' in mechanism:
        made = site.instance.cli('user', 'app-password', 'add', user['address'], '--stdin', stdin=password + '\n')
        password = made['app_password']
    (folder / 'mail').mkdir()
    config = folder / 'mbsyncrc'
    config.write_text(f'''
IMAPAccount demo
Host localhost
Port {site.ports["imaps"]}
User {user["address"]}
Pass {password}
AuthMechs {mechanism.split()[0]}
SSLType IMAPS
CertificateFile {site.instance.path("ca.pem")}

IMAPStore far
Account demo

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
Sync All
SyncState *
''')
    for _ in range(2):
        run('mbsync', '-c', str(config), '-a')
    for box in ('INBOX', 'Archive'):
        copy = mailbox.Maildir(folder / 'mail' / box, create=False)
        got = sorted(sha(strip_tuid(unix(copy.get_bytes(key)))) for key in copy.keys())
        assert got == hashes_on_server(site, user, box)


def strip_tuid(data):
    lines = data.split(b'\n')
    end = lines.index(b'')
    return b'\n'.join([x for x in lines[:end] if not x.startswith(b'X-TUID:')] + lines[end:])


def test_getmail_fetches_everything(site, folder):
    user = site.user('zhao.min')
    for kind, retriever, extra in (('pop3s', 'SimplePOP3SSLRetriever', ''), ('imaps', 'SimpleIMAPSSLRetriever', 'mailboxes = ("INBOX",)')):
        home = folder / kind
        box = home / 'box'
        box.mkdir(parents=True)
        (home / 'take').write_text(f'cat > "{box}/$$"\n')
        (home / 'getmailrc').write_text(f'''[retriever]
type = {retriever}
server = localhost
port = {site.ports[kind]}
username = {user["address"]}
password = {user["password"]}
ca_certs = {site.instance.path("ca.pem")}
{extra}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("{home}/take",)
allow_root_commands = true
unixfrom = false
[options]
read_all = true
delete = false
delivered_to = false
received = false
''')
        run('getmail', '--getmaildir', str(home), '--quiet')
        got = sorted(body_hash(path.read_bytes()) for path in box.iterdir())
        with site.imap(user) as client:
            there = sorted(body_hash(raw) for raw in all_messages(client))
        assert got == there


def body_hash(raw):
    """Of the body: getmail writes the header anew."""
    return sha(unix(raw).partition(b'\n\n')[2].rstrip(b'\n'))


def test_neomutt_saves_the_inbox(site, folder):
    user = site.user('wang.lei')
    config = folder / 'neomuttrc'
    config.write_text(f'''
set my_host="imaps://127.0.0.1:{site.ports["imaps"]}"
set imap_user="{user["address"]}"
set imap_pass="{user["password"]}"
set ssl_ca_certificates_file="{site.instance.path("ca.pem")}"
set certificate_file="{site.instance.path("ca.pem")}"
set ssl_verify_host=no
set folder="$my_host" spoolfile="$my_host/INBOX" mbox_type=mbox
set confirmappend=no confirmcreate=no delete=no move=no quit=yes header_cache="" wait_key=no imap_peek=yes
''')
    target = folder / 'saved'
    keys = f'push "<tag-pattern>~A<enter><tag-prefix><copy-message>{target}<enter><exit>"'
    env = {'TERM': 'xterm', 'HOME': str(folder), 'LANG': 'C.UTF-8'}
    run('script', '-qec', f"neomutt -n -F {config} -e '{keys}'", '/dev/null', env=env)
    box = mailbox.mbox(target, create=False)
    with site.imap(user) as client:
        count = len(all_messages(client))
    assert len(box) == count


@pytest.fixture(scope='session')
def node_modules():
    folder = os.path.join(TOP, 'build', 'node-clients')
    os.makedirs(folder, exist_ok=True)
    for name in ('package.json', 'package-lock.json', 'clients.mjs'):
        with open(os.path.join(NODE, name), 'rb') as source, open(os.path.join(folder, name), 'wb') as target:
            target.write(source.read())
    if not os.path.isdir(os.path.join(folder, 'node_modules', 'imapflow')):
        run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', cwd=folder)
    return folder


def test_imapflow_and_nodemailer(site, node_modules):
    user, subject = site.user('maria.rossi'), mark()
    out = run('node', 'clients.mjs', cwd=node_modules, env={
        'PORTS': f'{site.ports["submissions"]} {site.ports["imaps"]}', 'CA': site.instance.path('ca.pem'), 'USER_NAME': user['address'],
        'PASSWORD': user['password'], 'SUBJECT': subject})
    lines = dict(line.split('=', 1) for line in out.splitlines() if '=' in line)
    (raw,) = site.find(user, subject)
    assert lines['sha'] == sha(raw)
    with site.imap(user) as client:
        assert int(lines['count']) == len(all_messages(client))
