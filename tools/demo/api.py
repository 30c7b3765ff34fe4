"""The administrative interface as a program uses it: JSON over HTTPS on the management address."""
import base64
import hashlib
import hmac
import http.client
import json
import struct
import time


class Refused(Exception):
    def __init__(self, operation, status, problem):
        super().__init__(f'{operation}: {status} {problem.get("code")}: {problem.get("detail") or problem.get("error")}')
        self.status, self.problem, self.code = status, problem, problem.get('code')


def totp(secret, when=None, step=0):
    """RFC 6238 with SHA-1, six digits, 30 seconds. secret: base32."""
    key = base64.b32decode(secret + '=' * (-len(secret) % 8), casefold=True)
    counter = int((time.time() if when is None else when) // 30) + step
    digest = hmac.digest(key, struct.pack('>Q', counter), hashlib.sha1)
    offset = digest[-1] & 15
    return f'{(struct.unpack(">I", digest[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06d}'


class Api:
    def __init__(self, port, context, token=None):
        self.port, self.context, self.token = port, context, token

    def call(self, operation, **args):
        """The result, or Refused with the problem document."""
        connection = http.client.HTTPSConnection('127.0.0.1', self.port, context=self.context, timeout=60)
        headers = {'Content-Type': 'application/json'}
        if self.token:
            headers['Authorization'] = f'Bearer {self.token}'
        try:
            connection.request('POST', f'/api/v1/{operation}', json.dumps(args), headers)
            answer = connection.getresponse()
            result = json.loads(answer.read() or b'{}')
        finally:
            connection.close()
        if answer.status >= 300:
            raise Refused(operation, answer.status, result)
        return result

    def sign_in(self, address, password, **more):
        self.token = self.call('session.start', address=address, password=password, **more)['token']
        return self

    def enrol_totp(self, label='demo'):
        """A second factor for the account that is signed in; the session has shown it then. The secret."""
        begun = self.call('factor.totp.begin', label=label)
        self.call('factor.totp.confirm', id=begun['id'], code=totp(begun['secret']))
        return begun['secret']
