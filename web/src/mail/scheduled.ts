/*
 * Letters that wait at the server to leave later. They lie with what was sent and bear a keyword, which the server takes away once they have left; the list of
 * scheduled ones is what bears it, and the folder of sent ones leaves them out.
 */
export const SCHEDULED = '$scheduled';
