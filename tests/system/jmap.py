"""A small JMAP client: one session of one person, calls by name."""
import base64
import http.client
import json

from mail import HOST

USING = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail']


class JmapError(Exception):
    pass


class Jmap:
    def __init__(self, site, user, port=None):
        self.site = site
        self.port = port or site.ports['https']
        self.authorization = 'Basic ' + base64.b64encode(f'{user["address"]}:{user["password"]}'.encode()).decode()
        self.session = json.loads(self.ask('GET', '/jmap/session'))
        self.account = self.session['primaryAccounts']['urn:ietf:params:jmap:mail']

    def ask(self, method, path, body=None):
        client = http.client.HTTPSConnection(HOST, self.port, context=self.site.tls(), timeout=60)
        try:
            client.request(method, path, body, {'Authorization': self.authorization, 'Content-Type': 'application/json'})
            response = client.getresponse()
            data = response.read()
            assert response.status == 200, (response.status, data)
            return data
        finally:
            client.close()

    def calls(self, *calls):
        """[(method, arguments), …] in one request; gives the responses as they are."""
        body = {'using': USING, 'methodCalls': [[name, {'accountId': self.account, **args}, str(n)] for n, (name, args) in enumerate(calls)]}
        return json.loads(self.ask('POST', '/jmap/api', json.dumps(body)))['methodResponses']

    def call(self, name, **args):
        answer = self.calls((name, args))[0]
        if answer[0] == 'error':
            raise JmapError(answer[1])
        return answer[1]

    def mailbox(self, name):
        found = [m for m in self.call('Mailbox/get', ids=None)['list'] if m['name'] == name]
        return found[0] if found else None

    def find(self, subject):
        return self.call('Email/query', filter={'subject': subject})['ids']
