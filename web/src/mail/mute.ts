/* Conversations of which nothing more is wanted: what comes to them the server files as read, in the archive. The keyword that other programs use for it as well. */
export const MUTED = '$muted';
