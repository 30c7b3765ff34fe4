"""The admin API from outside: HTTPS by hand."""
import http.client
import json
import socket
import time

from mail import HOST


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json().get('code')


class Web:
    def __init__(self, site, token=None):
        self.site, self.token = site, token
        self.port = site.ports['management']

    def ask(self, method, path, body=None, headers=None):
        client = http.client.HTTPSConnection(HOST, self.port, context=self.site.tls(), timeout=60)
        headers = {**({'Authorization': f'Bearer {self.token}'} if self.token else {}), **(headers or {})}
        try:
            client.request(method, path, body, headers)
            response = client.getresponse()
            return Answer(response, response.read())
        finally:
            client.close()

    def call(self, op, args=None, headers=None):
        return self.ask('POST', f'/api/v1/{op}', json.dumps(args or {}), {'Content-Type': 'application/json', **(headers or {})})

    def get(self, op, query=''):
        return self.ask('GET', f'/api/v1/{op}' + (f'?{query}' if query else ''))

    def done(self, op, args=None):
        answer = self.call(op, args)
        assert answer.status == 200, (op, answer.status, answer.body)
        return answer.json()

    def raw(self, data, pause=None, chunk=None):
        """Sends bytes over TLS and gives all that comes back until the server closes or is silent for a second."""
        with socket.create_connection((HOST, self.port), timeout=20) as plain:
            with self.site.tls().wrap_socket(plain, server_hostname=HOST) as sock:
                for at in range(0, len(data), chunk or len(data) or 1):
                    sock.sendall(data[at:at + (chunk or len(data))])
                    if pause:
                        time.sleep(pause)
                sock.settimeout(3)
                out = b''
                try:
                    while piece := sock.recv(65536):
                        out += piece
                except TimeoutError:
                    out += b'<open>'
                return out


def sign_in(site, person, label='test'):
    api = Web(site)
    api.token = api.done('session.start', {'address': person['address'], 'password': person['password'], 'label': label})['token']
    return api
