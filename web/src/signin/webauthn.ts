/* Passkeys and security keys: what the server speaks (base64url) and what browsers take (W3C WebAuthn Level 3). */
export interface Challenge { challenge: string; rp_id: string; prf_salt?: string; credentials?: string[]; user_verification?: UserVerificationRequirement }
export interface Registration extends Challenge { user_id: string; user_name: string; display_name: string; algorithms: number[]; exclude: string[] }
export type Proof = Record<string, string>;

export const possible = typeof PublicKeyCredential === 'function' && !!navigator.credentials;

function bytes(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
}

function base64url(data: BufferSource): string {
	const view = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array((data as ArrayBufferView).buffer as ArrayBuffer);
	let text = '';
	for (const byte of view) text += String.fromCharCode(byte);
	return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

type Extensions = { prf?: { results?: { first?: BufferSource } } };

function prfOf(credential: PublicKeyCredential): string | undefined {
	const first = (credential.getClientExtensionResults() as Extensions).prf?.results?.first;
	return first ? base64url(first) : undefined;
}

function extensions(salt?: string): AuthenticationExtensionsClientInputs {
	return salt ? ({ prf: { eval: { first: bytes(salt) } } } as AuthenticationExtensionsClientInputs) : {};
}

/* Throws NotAllowedError when the person turns away. */
export async function sign(c: Challenge): Promise<Proof> {
	const credential = await navigator.credentials.get({
		publicKey: {
			challenge: bytes(c.challenge), rpId: c.rp_id, userVerification: c.user_verification ?? 'required',
			allowCredentials: (c.credentials ?? []).map(id => ({ type: 'public-key' as const, id: bytes(id) })), extensions: extensions(c.prf_salt),
		},
	}) as PublicKeyCredential;
	const answer = credential.response as AuthenticatorAssertionResponse;
	const proof: Proof = {
		kind: 'webauthn', credential: base64url(credential.rawId), client_data: base64url(answer.clientDataJSON), authenticator_data: base64url(answer.authenticatorData),
		signature: base64url(answer.signature),
	};
	const prf = prfOf(credential);
	return prf ? { ...proof, prf } : proof;
}

export async function register(r: Registration): Promise<Record<string, string>> {
	const credential = await navigator.credentials.create({
		publicKey: {
			challenge: bytes(r.challenge), rp: { id: r.rp_id, name: 'Letterlock' }, user: { id: bytes(r.user_id), name: r.user_name, displayName: r.display_name },
			pubKeyCredParams: r.algorithms.map(alg => ({ type: 'public-key' as const, alg })), excludeCredentials: r.exclude.map(id => ({ type: 'public-key' as const, id: bytes(id) })),
			authenticatorSelection: { residentKey: 'preferred', userVerification: r.user_verification ?? 'preferred' }, extensions: extensions(r.prf_salt),
		},
	}) as PublicKeyCredential;
	const answer = credential.response as AuthenticatorAttestationResponse;
	const prf = prfOf(credential);
	return { client_data: base64url(answer.clientDataJSON), attestation: base64url(answer.attestationObject), ...(prf ? { prf } : {}) };
}
