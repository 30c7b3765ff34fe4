"""Roundcube on Dovecot behind nginx, each with private configuration and ports, from Debian's packages (./dev bench --web)."""
import imaplib
import os
import pwd
import signal
import socket
import sqlite3
import subprocess
import time

from servers import DOVECOT, PASSWORD, Failure, PostfixDovecot, address

SHARE = '/usr/share/roundcube'
TABLES = '/usr/share/dbconfig-common/data/roundcube/install/sqlite3'

# Plain IMAP on the loopback, as Debian's Roundcube has it by default: no second TLS for every page.
DOVECOT_MORE = '''
disable_plaintext_auth = no
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Archive {{
    auto = subscribe
  }}
  mailbox Drafts {{
    auto = subscribe
  }}
  mailbox Sent {{
    auto = subscribe
  }}
  mailbox Trash {{
    auto = subscribe
  }}
}}
'''

ROUNDCUBE = '''<?php
$config = [];
$config['db_dsnw'] = 'sqlite:///{dir}/roundcube/roundcube.db?mode=0640';
$config['imap_host'] = '127.0.0.1:{imap}';
$config['smtp_host'] = '127.0.0.1:1';
$config['des_key'] = 'only-for-this-run-24-ch.';
$config['skin'] = 'elastic';
$config['language'] = 'en_US';
$config['log_driver'] = 'file';
$config['log_dir'] = '{dir}/roundcube/log/';
$config['temp_dir'] = '{dir}/roundcube/temp/';
$config['enable_installer'] = false;
'''

POOL = '''[global]
error_log = {dir}/fpm.log
daemonize = no
[www]
user = www-data
group = www-data
listen = {dir}/fpm.sock
listen.owner = www-data
pm = static
pm.max_children = 5
env[ROUNDCUBE_CONFIG_DIR] = {dir}/roundcube
'''

NGINX = '''user www-data;
worker_processes 2;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  sendfile on;
  gzip on;
  gzip_types text/css text/javascript application/javascript application/json image/svg+xml;
  server {{
    listen 127.0.0.1:{https} ssl http2;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    root /var/lib/roundcube/public_html;
    index index.php;
    location / {{ expires 1h; }}
    location ~ \\.php {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_buffers 32 32k;
      fastcgi_pass unix:{dir}/fpm.sock;
    }}
  }}
}}
'''


class RoundcubeDovecot(PostfixDovecot):
    name = 'Roundcube + Dovecot'
    kind = 'roundcube'

    def __init__(self, directory, certificate):
        super().__init__(directory, certificate)
        self.ports = {'imaps': self.ports['imaps'], 'lmtp': self.ports['lmtp'], 'imap': self.ports['imaps'] + 2, 'https': self.ports['imaps'] + 3}
        self.url = f'https://localhost:{self.ports["https"]}/'

    def configure(self, values):
        web = pwd.getpwnam('www-data')
        for name in ('', 'log', 'temp'):
            os.makedirs(os.path.join(self.dir, 'roundcube', name), exist_ok=True)
        self.write('roundcube/config.inc.php', ROUNDCUBE, values)
        for name in ('defaults.inc.php', 'mimetypes.php'):
            os.symlink(f'/etc/roundcube/{name}', os.path.join(self.dir, 'roundcube', name))
        with sqlite3.connect(os.path.join(self.dir, 'roundcube', 'roundcube.db')) as db, open(TABLES, encoding='utf-8') as tables:
            db.executescript(tables.read())
        for folder, _, names in os.walk(os.path.join(self.dir, 'roundcube')):
            for path in [folder, *[os.path.join(folder, name) for name in names]]:
                os.chown(path, web.pw_uid, web.pw_gid, follow_symlinks=False)
        self.write('fpm.conf', POOL, values)
        self.write('nginx.conf', NGINX, values)

    def start(self):
        if os.getuid() != 0:
            raise Failure('Dovecot, nginx and PHP need root to start')
        mail = pwd.getpwnam('mail')
        values = {'dir': self.dir, 'cert': self.certificate + '.pem', 'key': self.certificate + '.key', 'mail_uid': mail.pw_uid, 'mail_gid': mail.pw_gid,
                  'password': PASSWORD, **self.ports}
        for name in ('', 'run', 'mail'):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
            os.chmod(os.path.join(self.dir, name), 0o755)
        os.chown(os.path.join(self.dir, 'mail'), mail.pw_uid, mail.pw_gid)
        self.write('dovecot.conf', DOVECOT + DOVECOT_MORE, values)
        self.configure(values)
        commands = (['dovecot', '-F', '-c', 'dovecot.conf'], ['php-fpm8.2', '-F', '-y', 'fpm.conf'],
                    ['nginx', '-c', os.path.join(self.dir, 'nginx.conf'), '-g', 'daemon off;'])
        with open(os.path.join(self.dir, 'servers.log'), 'wb') as log:
            self.children = [subprocess.Popen(command, cwd=self.dir, stdout=log, stderr=log, start_new_session=True) for command in commands]
        for name in ('imap', 'https'):
            self.answers(name)
        end = time.monotonic() + 30
        while not os.path.exists(os.path.join(self.dir, 'fpm.sock')):
            if time.monotonic() > end:
                raise Failure('PHP does not answer')
            time.sleep(0.1)

    def fill(self, letters):
        """Into the mail folder of `reader`, as an import would; then Dovecot reads all of it once, so that its index and cache are there."""
        mail = pwd.getpwnam('mail')
        base = os.path.join(self.dir, 'mail', 'reader')
        for name in ('', 'cur', 'new', 'tmp'):
            os.makedirs(os.path.join(base, name), exist_ok=True)
            os.chown(os.path.join(base, name), mail.pw_uid, mail.pw_gid)
        host = socket.gethostname().replace('/', '_')
        for number, (received, letter) in enumerate(letters):
            path = os.path.join(base, 'cur', f'{received}.M{number:07d}P1.{host},S={len(letter)}:2,')
            with open(path, 'wb') as f:
                f.write(letter)
            os.chown(path, mail.pw_uid, mail.pw_gid)
            os.utime(path, (received, received))
        client = imaplib.IMAP4('127.0.0.1', self.ports['imap'])
        client.login(address('reader'), PASSWORD)
        client.select('INBOX')
        client.fetch('1:*', '(UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT CONTENT-TYPE CC REPLY-TO LIST-POST'
                     ' DISPOSITION-NOTIFICATION-TO X-PRIORITY)])')
        client.logout()

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                os.kill(child.pid, signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
