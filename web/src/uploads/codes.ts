/** The codes of what an upload waits for or fails by; those of the service are its own. */
export const FILE_CHANGED = "FILE_CHANGED";
export const NETWORK = "NETWORK";
export const UNAVAILABLE = "UNAVAILABLE";
export const RATE_LIMITED = "RATE_LIMITED";
export const UPLOAD_REFUSED = "UPLOAD_REFUSED";
/** The service's word for parts that are missing when it completes. */
export const UPLOAD_INCOMPLETE = "UPLOAD_INCOMPLETE";
