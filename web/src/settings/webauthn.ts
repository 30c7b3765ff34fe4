/* Passkeys: what the server says in base64url becomes what the browser wants, and back. */

export interface Challenge {
	challenge: string;
	rp_id: string;
	credentials?: string[];
	prf_salt?: string;
	user_verification?: UserVerificationRequirement;
}
export interface Registration extends Challenge {
	user_id: string;
	user_name: string;
	display_name: string;
	algorithms: number[];
	exclude?: string[];
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
}

export function toBase64(bytes: ArrayBuffer): string {
	return btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function prf(salt: string | undefined): AuthenticationExtensionsClientInputs {
	return salt ? ({ prf: { eval: { first: fromBase64(salt) } } } as AuthenticationExtensionsClientInputs) : {};
}

function prfOf(credential: PublicKeyCredential): { prf?: string } {
	const results = (credential.getClientExtensionResults() as { prf?: { results?: { first?: ArrayBuffer } } }).prf?.results?.first;
	return results ? { prf: toBase64(results) } : {};
}

export async function sign(c: Challenge): Promise<Record<string, unknown>> {
	const found = (await navigator.credentials.get({
		publicKey: {
			challenge: fromBase64(c.challenge), rpId: c.rp_id, userVerification: c.user_verification ?? 'preferred', extensions: prf(c.prf_salt),
			allowCredentials: (c.credentials ?? []).map(id => ({ type: 'public-key' as const, id: fromBase64(id) })),
		},
	})) as PublicKeyCredential;
	const answer = found.response as AuthenticatorAssertionResponse;
	return {
		kind: 'webauthn', credential: toBase64(found.rawId), client_data: toBase64(answer.clientDataJSON), authenticator_data: toBase64(answer.authenticatorData),
		signature: toBase64(answer.signature), ...prfOf(found),
	};
}

/** Arguments of factor.webauthn.confirm. */
export async function register(e: Registration): Promise<Record<string, unknown>> {
	const made = (await navigator.credentials.create({
		publicKey: {
			challenge: fromBase64(e.challenge), rp: { id: e.rp_id, name: 'Letterlock' }, user: { id: fromBase64(e.user_id), name: e.user_name, displayName: e.display_name || e.user_name },
			pubKeyCredParams: e.algorithms.map(alg => ({ type: 'public-key' as const, alg })), excludeCredentials: (e.exclude ?? []).map(id => ({ type: 'public-key' as const, id: fromBase64(id) })),
			authenticatorSelection: { residentKey: 'preferred', userVerification: e.user_verification ?? 'preferred' }, extensions: prf(e.prf_salt),
		},
	})) as PublicKeyCredential;
	const answer = made.response as AuthenticatorAttestationResponse;
	return { client_data: toBase64(answer.clientDataJSON), attestation: toBase64(answer.attestationObject), ...prfOf(made) };
}

export const possible = typeof PublicKeyCredential === 'function' && !!navigator.credentials;
