// An OpenID provider for the tests: everybody signs in under the name that the form says; access tokens for the resource "urn:mail" are JWTs.
// provider.mjs ISSUER PORT KEY CERTIFICATE REDIRECT[,REDIRECT] [strict]
// strict: Ed25519 keys, claims by userinfo only, access tokens of ten seconds, addresses at partner.test.
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const [issuer, port, key, certificate, redirects, mode] = process.argv.slice(2);
const redirect_uris = redirects.split(',');
const strict = mode === 'strict';
const alg = strict ? 'EdDSA' : 'RS256';
const jwk = () => ({ ...crypto.generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), alg: 'EdDSA', use: 'sig', kid: 'ed' });
const provider = new Provider(issuer, {
  clients: [
    { client_id: 'letterlock', client_secret: 'se cret:1', redirect_uris, grant_types: ['authorization_code'], id_token_signed_response_alg: alg },
    { client_id: 'mailer', redirect_uris, grant_types: ['authorization_code'], token_endpoint_auth_method: 'none', id_token_signed_response_alg: alg },
  ],
  ...(strict ? { jwks: { keys: [jwk()] }, ttl: { AccessToken: 10, IdToken: 3600, Session: 3600, Grant: 3600, Interaction: 3600 } } : {}),
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'EdDSA'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: strict,
  scopes: ['openid', 'email', 'imap', 'smtp'],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: 'imap smtp', audience: 'mail', accessTokenTTL: strict ? 10 : 3600, accessTokenFormat: 'jwt', jwt: { sign: { alg } } }),
      useGrantedResource: () => true,
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@demo.test`, email_verified: true }) }),
});
https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('ready'));
