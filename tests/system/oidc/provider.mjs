// An OpenID provider for the tests: everybody signs in under the name that the form says; access tokens for the resource "urn:mail" are JWTs.
// provider.mjs ISSUER PORT KEY CERTIFICATE REDIRECT
import fs from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const [issuer, port, key, certificate, redirect] = process.argv.slice(2);
const provider = new Provider(issuer, {
  clients: [
    { client_id: 'letterlock', client_secret: 'se cret:1', redirect_uris: [redirect], grant_types: ['authorization_code'] },
    { client_id: 'mailer', redirect_uris: [redirect], grant_types: ['authorization_code'], token_endpoint_auth_method: 'none' },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  scopes: ['openid', 'email', 'imap', 'smtp'],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: 'imap smtp', audience: 'mail', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      useGrantedResource: () => true,
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@demo.test`, email_verified: true }) }),
});
https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('ready'));
