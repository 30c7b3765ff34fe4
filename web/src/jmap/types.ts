/* What RFC 8620, 8621, 9007, 9404, 9425, 9610 and 9661 say goes over the wire, as far as the webmail uses it. */

export type Id = string;
/** RFC 3339 in UTC, "2026-11-22T08:00:00Z" */
export type UTCDate = string;

export const CORE = 'urn:ietf:params:jmap:core';
export const MAIL = 'urn:ietf:params:jmap:mail';
export const SUBMISSION = 'urn:ietf:params:jmap:submission';
export const VACATION = 'urn:ietf:params:jmap:vacationresponse';
export const SIEVE = 'urn:ietf:params:jmap:sieve';
export const QUOTA = 'urn:ietf:params:jmap:quota';
export const BLOB = 'urn:ietf:params:jmap:blob';
/** Ours (docs/jmap.md). */
export const PREFERENCES = 'urn:letterlock:jmap:preferences';
export const MDN = 'urn:ietf:params:jmap:mdn';
/** Of our own: docs/recall.md */
export const LETTERS = 'urn:letterlock:jmap:letters';
/** What a mailbox of somebody else is opened for; what can be had back after it was deleted (docs/jmap.md). */
export const DELEGATION = 'urn:letterlock:jmap:delegation';
export const RECOVERABLE = 'urn:letterlock:jmap:recoverable';
export const CONTACTS = 'urn:ietf:params:jmap:contacts';

export interface CoreCapability {
	maxSizeUpload: number;
	maxConcurrentUpload: number;
	maxSizeRequest: number;
	maxConcurrentRequests: number;
	maxCallsInRequest: number;
	maxObjectsInGet: number;
	maxObjectsInSet: number;
	collationAlgorithms: string[];
}

export interface Account {
	name: string;
	isPersonal: boolean;
	isReadOnly: boolean;
	accountCapabilities: Record<string, Record<string, unknown>>;
}

export interface Session {
	capabilities: Record<string, unknown>;
	accounts: Record<Id, Account>;
	primaryAccounts: Record<string, Id>;
	username: string;
	apiUrl: string;
	downloadUrl: string;
	uploadUrl: string;
	eventSourceUrl: string;
	state: string;
}

export type Invocation = [name: string, args: Record<string, unknown>, callId: string];

export interface JmapRequest {
	using: string[];
	methodCalls: Invocation[];
	createdIds?: Record<Id, Id>;
}

export interface JmapResponse {
	methodResponses: Invocation[];
	createdIds?: Record<Id, Id>;
	sessionState: string;
}

/** RFC 8620 3.7 */
export interface ResultReference {
	resultOf: string;
	name: string;
	path: string;
}

export interface SetError {
	type: string;
	description?: string;
	properties?: string[];
	[more: string]: unknown;
}

export interface GetResponse<T> {
	accountId: Id;
	state: string;
	list: T[];
	notFound: Id[];
}

export interface ChangesResponse {
	accountId: Id;
	oldState: string;
	newState: string;
	hasMoreChanges: boolean;
	created: Id[];
	updated: Id[];
	destroyed: Id[];
	updatedProperties?: string[] | null;
}

export interface SetResponse<T> {
	accountId: Id;
	oldState: string | null;
	newState: string;
	created: Record<Id, Partial<T> & { id: Id }> | null;
	updated: Record<Id, Partial<T> | null> | null;
	destroyed: Id[] | null;
	notCreated: Record<Id, SetError> | null;
	notUpdated: Record<Id, SetError> | null;
	notDestroyed: Record<Id, SetError> | null;
}

export interface QueryResponse {
	accountId: Id;
	queryState: string;
	canCalculateChanges: boolean;
	position: number;
	ids: Id[];
	total?: number;
	limit?: number;
}

export interface QueryChangesResponse {
	accountId: Id;
	oldQueryState: string;
	newQueryState: string;
	total?: number;
	removed: Id[];
	added: { id: Id; index: number }[];
}

export interface EmailAddress {
	name: string | null;
	email: string;
}

export type MailboxRole = 'inbox' | 'archive' | 'drafts' | 'flagged' | 'important' | 'junk' | 'sent' | 'scheduled' | 'subscribed' | 'trash' | 'all';

export interface MailboxRights {
	mayReadItems: boolean;
	mayAddItems: boolean;
	mayRemoveItems: boolean;
	maySetSeen: boolean;
	maySetKeywords: boolean;
	mayCreateChild: boolean;
	mayRename: boolean;
	mayDelete: boolean;
	maySubmit: boolean;
}

export interface Mailbox {
	id: Id;
	name: string;
	parentId: Id | null;
	role: MailboxRole | null;
	sortOrder: number;
	totalEmails: number;
	unreadEmails: number;
	totalThreads: number;
	unreadThreads: number;
	myRights: MailboxRights;
	isSubscribed: boolean;
}

export interface Thread {
	id: Id;
	emailIds: Id[];
}

export interface EmailBodyPart {
	partId: string | null;
	blobId: Id | null;
	size: number;
	name: string | null;
	type: string;
	charset: string | null;
	disposition: string | null;
	cid: string | null;
	language?: string[] | null;
	location?: string | null;
	subParts?: EmailBodyPart[] | null;
}

export interface EmailBodyValue {
	value: string;
	isEncodingProblem: boolean;
	isTruncated: boolean;
}

export interface Email {
	id: Id;
	blobId: Id;
	threadId: Id;
	mailboxIds: Record<Id, true>;
	keywords: Record<string, true>;
	size: number;
	receivedAt: UTCDate;
	messageId: string[] | null;
	inReplyTo: string[] | null;
	references: string[] | null;
	sender: EmailAddress[] | null;
	from: EmailAddress[] | null;
	to: EmailAddress[] | null;
	cc: EmailAddress[] | null;
	bcc: EmailAddress[] | null;
	replyTo: EmailAddress[] | null;
	subject: string | null;
	sentAt: string | null;
	hasAttachment: boolean;
	preview: string;
	/** Only when it is asked for by name: a letter that can be read here and nowhere else (docs/confidential.md). */
	confidential?: { state: 'open' | 'expired'; expires: UTCDate | null } | null;
	bodyStructure: EmailBodyPart;
	bodyValues: Record<string, EmailBodyValue>;
	textBody: EmailBodyPart[];
	htmlBody: EmailBodyPart[];
	attachments: EmailBodyPart[];
	/** "header:Name:asForm" and whatever else was asked for by name */
	[header: `header:${string}`]: unknown;
}

export interface Identity {
	id: Id;
	name: string;
	email: string;
	replyTo: EmailAddress[] | null;
	bcc: EmailAddress[] | null;
	textSignature: string;
	htmlSignature: string;
	mayDelete: boolean;
}

export interface SubmissionAddress {
	email: string;
	parameters: Record<string, string | null> | null;
}

export interface DeliveryStatus {
	smtpReply: string;
	delivered: 'queued' | 'yes' | 'no' | 'unknown';
	displayed: 'unknown' | 'yes';
}

export interface EmailSubmission {
	id: Id;
	identityId: Id;
	emailId: Id;
	threadId: Id;
	envelope: { mailFrom: SubmissionAddress; rcptTo: SubmissionAddress[] } | null;
	sendAt: UTCDate;
	undoStatus: 'pending' | 'final' | 'canceled';
	deliveryStatus: Record<string, DeliveryStatus> | null;
	dsnBlobIds: Id[];
	mdnBlobIds: Id[];
	/** Only when they are asked for by name. */
	confidential?: boolean;
	recall?: { asked: UTCDate; recipients: Record<string, RecallFate>; forwardedOutside: number; copies: number; copiesKept: number } | null;
}

export type RecallFate = 'recalled' | 'deleted' | 'pending' | 'failed' | 'read' | 'outside';

export interface VacationResponse {
	id: 'singleton';
	isEnabled: boolean;
	fromDate: UTCDate | null;
	toDate: UTCDate | null;
	subject: string | null;
	textBody: string | null;
	htmlBody: string | null;
	/** Ours: what people of the own domain are told; null: textBody. */
	insideTextBody?: string | null;
	/** Ours: nobody else is answered. */
	insideOnly?: boolean | null;
}

/** RFC 9661 */
export interface SieveScript {
	id: Id;
	name: string | null;
	blobId: Id;
	isActive: boolean;
}

/** RFC 9425 */
export interface Quota {
	id: Id;
	resourceType: 'count' | 'octets';
	used: number;
	hardLimit: number;
	warnLimit?: number | null;
	softLimit?: number | null;
	scope: 'account' | 'domain' | 'global';
	name: string;
	types: string[];
}

export interface SearchSnippet {
	emailId: Id;
	subject: string | null;
	preview: string | null;
}

/** RFC 9610 2: an address book */
export interface AddressBook {
	id: Id;
	name: string;
	description: string | null;
	sortOrder: number;
	isDefault: boolean;
	isSubscribed: boolean;
}

/** RFC 9553, the members that the webmail edits; others are kept as they are. */
export interface ContactCard {
	id: Id;
	addressBookIds: Record<Id, true>;
	'@type': 'Card';
	version: '1.0';
	uid: string;
	kind?: 'individual' | 'group' | 'org';
	name?: { full?: string; components?: { kind: string; value: string }[]; [more: string]: unknown };
	emails?: Record<string, { address: string; contexts?: Record<string, true>; pref?: number }>;
	phones?: Record<string, { number: string; contexts?: Record<string, true>; pref?: number }>;
	organizations?: Record<string, { name?: string; units?: { name: string }[] }>;
	titles?: Record<string, { name: string; kind?: string }>;
	notes?: Record<string, { note: string }>;
	members?: Record<string, true>;
	[more: string]: unknown;
}

export interface StateChange {
	'@type': 'StateChange';
	changed: Record<Id, Record<string, string>>;
}
