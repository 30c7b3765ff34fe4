"""What a browser sends to the web service: cookies that it keeps, and the fields that say which page asks. No page runs here."""
import hashlib
import http.client
import json

from mail import HOST
from web import Answer

NAME = 'mail.demo.test'


class Browser:
    """plain: over http://localhost, as the demonstration has it."""

    def __init__(self, site, plain=False, name=None):
        self.site, self.plain = site, plain
        self.port = site.ports['http' if plain else 'https']
        self.authority = name or (f'localhost:{self.port}' if plain else NAME)
        self.origin = f'http{"" if plain else "s"}://{self.authority}'
        self.cookies = {}

    def prefix(self):
        return '' if self.plain else '__Host-'

    @property
    def token(self):
        return self.cookies.get(self.prefix() + 'letterlock')

    def ask(self, method, path, body=None, fields=None):
        """fields: those of a page of ours unless given; a value of None leaves one out."""
        all_fields = {'Host': self.authority, 'Sec-Fetch-Site': 'same-origin', 'Origin': self.origin if method != 'GET' else None,
                      'X-Letterlock': '1' if method != 'GET' else None, 'Content-Type': 'application/json' if body is not None else None,
                      'Cookie': '; '.join(f'{k}={v}' for k, v in self.cookies.items()) or None, **(fields or {})}
        make = http.client.HTTPConnection if self.plain else http.client.HTTPSConnection
        client = make(HOST, self.port, timeout=60, **({} if self.plain else {'context': self.site.tls()}))
        try:
            client.request(method, path, body if body is None or isinstance(body, (str, bytes)) else json.dumps(body),
                           {k: v for k, v in all_fields.items() if v is not None})
            response = client.getresponse()
            answer = Answer(response, response.read())
        finally:
            client.close()
        self.keep(answer)
        return answer

    def keep(self, answer):
        for line in answer.headers.get_all('Set-Cookie') or []:
            pair, *attributes = line.split('; ')
            name, _, value = pair.partition('=')
            if 'Max-Age=0' in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def who(self):
        answer = self.ask('GET', '/api/session')
        assert answer.status == 200, answer.body
        return answer.json()

    def start(self, person, **more):
        return self.ask('POST', '/api/session', {'address': person['address'], 'password': person['password'], **more})

    def sign_in(self, person, **more):
        answer = self.start(person, **more)
        assert answer.status == 200, answer.body
        return self

    def call(self, operation, **args):
        return self.ask('POST', f'/api/v1/{operation}', args)

    def done(self, operation, **args):
        answer = self.call(operation, **args)
        assert answer.status == 200, (operation, answer.status, answer.body)
        return answer.json()


def solve(work):
    """The smallest number that answers a proof of work."""
    number = 0
    while int.from_bytes(hashlib.sha256(f'{work["challenge"]}:{number}'.encode()).digest()[:4], 'big') >> (32 - work['difficulty']):
        number += 1
    return {'challenge': work['challenge'], 'number': str(number)}
