"""The demonstration's own small pages, on loopback: one-time sign-in for its people, and the mailbox of the partner outside."""
import email
import email.policy
import html
import http.server
import json
import os
import socket
import threading
import urllib.parse

from api import totp
from people import OUTSIDE, PEOPLE, STAFF

LETTERS_SHOWN, TEXT_SHOWN = 60, 20000
LOCAL = ('localhost', '127.0.0.1')
# Who is in the bar: one of each kind.
PERSONAS = ('wang.lei', 'lin.xiaomei', 'officer', 'auditor', 'approver', 'admin')

STYLE = '''body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei UI","Noto Sans CJK SC",sans-serif;margin:0;background:#f6f8fa;color:#1b2430}
main{max-width:860px;margin:0 auto;padding:24px 16px}h1{font-size:20px}a{color:#0b5fc0}.note{background:#fff4dc;color:#5c3700;padding:8px 16px}
article,li{background:#fff;border:1px solid #d8dee6;border-radius:8px;padding:12px 16px;margin:12px 0;list-style:none}ul{padding:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}.muted{color:#55606e}
@media(prefers-color-scheme:dark){body{background:#14181d;color:#e6eaf0}article,li{background:#1b2026;border-color:#2c343d}a{color:#6cb0ff}.note{background:#352809;color:#f2c063}.muted{color:#a7b1bd}}'''


class Desk:
    """port: of http://localhost. people: as the demo keeps them, with their passwords."""

    def __init__(self, instance, port, people):
        self.instance, self.port = instance, port
        self.people = {p['address'].partition('@')[0]: p for p in people}
        handler = type('Handler', (Handler,), {'desk': self})
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', port), handler)
        self.server.daemon_threads = True

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    # ---- one-time sign-in ----

    def ask(self, op, args):
        """The administrative socket: only who started the demo may speak there."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(os.path.join(self.instance.run_dir, 'admin.sock'))
            s.sendall(json.dumps({'op': op, 'args': args}).encode() + b'\n')
            with s.makefile(encoding='utf-8') as answer:
                return json.loads(answer.readline())

    def proofs(self, person):
        """Digits that may not have been used yet."""
        if 'totp_secret' not in person:
            return [None]
        return [{'kind': 'totp', 'code': totp(person['totp_secret'], step=step)} for step in (0, 1)]

    def link(self, local):
        """A URL that signs this person in, once, within a minute. None: the digits were used just now."""
        person = self.people[local]
        for proof in self.proofs(person):
            args = {'address': person['address'], 'password': person['password'], **({'proof': proof} if proof else {})}
            answer = self.ask('session.link', args)
            if answer['status'] == 0:
                return f'http://localhost:{self.instance.ports["http"]}/signin/once?t={answer["result"]["link"]}'
        return None

    @staticmethod
    def persona_rows(port):
        """Rows of web.personas: one of each kind."""
        roles = {local: (role, name) for local, name, _, role in PEOPLE + STAFF}
        rows = [f'{roles[local][0]} http://localhost:{port}/persona/{local} {roles[local][1]}' for local in PERSONAS]
        return rows + [f'partner http://localhost:{port}/outside Outside partner']

    # ---- the partner's mailbox ----

    def letters(self):
        """(name, message) of what left, newest first."""
        found = []
        for folder, _, names in os.walk(os.path.realpath(self.instance.path('outside'))):
            found += [os.path.join(folder, name) for name in names if name.endswith('.eml')]
        found.sort(key=os.path.getmtime, reverse=True)
        for path in found[:LETTERS_SHOWN]:
            with open(path, 'rb') as f:
                yield path, email.message_from_binary_file(f, policy=email.policy.default)


def text_of(message):
    part = message.get_body(('plain', 'html'))
    try:
        return part.get_content()[:TEXT_SHOWN] if part is not None else ''
    except (LookupError, UnicodeError, KeyError):
        return '(a text that cannot be shown here)'


class Handler(http.server.BaseHTTPRequestHandler):
    desk = None
    protocol_version = 'HTTP/1.1'
    timeout = 30

    def log_message(self, *args):  # addresses of pages are sign-ins
        pass

    def is_ours(self):
        """By hand or from a page of this machine, under a name that can mean nothing else."""
        host = self.headers.get('Host', '').rpartition(':')[0]
        return host in LOCAL and self.headers.get('Sec-Fetch-Site', 'none') in ('none', 'same-origin', 'same-site')

    def do_GET(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if not self.is_ours():
            self.page(403, 'Only this machine', '<p>These pages are for who started the demo.</p>')
        elif path == '/':
            self.page(200, 'Letterlock demo', self.index())
        elif path.startswith('/persona/') and path[9:] in self.desk.people:
            self.persona(path[9:])
        elif path == '/outside':
            self.page(200, f'Mailboxes at {OUTSIDE}', self.outside(), refresh=15)
        else:
            self.page(404, 'Nothing here', '<p><a href="/">Letterlock demo</a></p>')

    def persona(self, local):
        url = self.desk.link(local)
        if url is None:
            self.page(200, 'One moment', '<p>A one-time code was used just now; the next one comes within half a minute. This page goes on by itself.</p>', refresh=4)
            return
        self.send_response(303)
        self.send_header('Location', url)
        self.send_header('Cache-Control', 'no-store')
        self.send_header('Content-Length', '0')
        self.end_headers()

    def index(self):
        rows = ''.join(f'<li><a href="{html.escape(url)}">{html.escape(name)}</a> <span class="muted">{html.escape(role)}</span></li>'
                       for role, url, name in (row.split(' ', 2) for row in self.desk.persona_rows(self.desk.port)))
        return f'<p>Be one of these people, without a password:</p><ul>{rows}</ul>'

    def outside(self):
        out = ''
        for _, message in self.desk.letters():
            head = ' · '.join(html.escape(str(message.get(name, ''))) for name in ('From', 'To', 'Date'))
            out += (f'<article><h2>{html.escape(str(message.get("Subject", "")) or "(no subject)")}</h2><p class="muted">{head}</p>'
                    f'<pre>{html.escape(text_of(message))}</pre></article>')
        home = f'http://localhost:{self.desk.instance.ports["http"]}/'
        return f'<p>What the partner outside has received, newest first. <a href="{home}">Back to Letterlock</a></p>' + (out or '<p>Nothing yet.</p>')

    def page(self, status, title, body, refresh=None):
        again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ''
        data = (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">{again}<title>{html.escape(title)}</title>'
                f'<style>{STYLE}</style><p class="note">Demonstration: nothing leaves this machine.</p><main><h1>{html.escape(title)}</h1>{body}</main></html>').encode()
        self.send_response(status)
        for name, value in (('Content-Type', 'text/html; charset=utf-8'), ('Content-Length', str(len(data))), ('Cache-Control', 'no-store'),
                            ('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
                            ('X-Content-Type-Options', 'nosniff'), ('Referrer-Policy', 'no-referrer')):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def web_options(http_port, rows):
    """What the configuration of a demonstration says of its web pages."""
    return {'web': {'links': 'yes', 'plain_loopback': 'yes', 'personas': rows}, 'auth.web_origins': [f'http://localhost:{http_port}'], 'auth.rp_id': 'localhost'}

