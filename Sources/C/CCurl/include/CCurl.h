// libcurl, opened when an address is read first: whoever reads only files of a disk does without
// it.
//
// A function with a variable number of arguments, as libcurl sets its options with, cannot be
// called from Swift.
#ifndef CCURL_H
#define CCURL_H

#include <stdbool.h>
#include <stddef.h>

/// What became of a request.
typedef enum {
  /// All of an answer with a status below 400 came.
  CCURL_COMPLETE,
  /// The status is 400 or more.
  CCURL_REJECTED,
  /// A function of the request asked for the end.
  CCURL_STOPPED,
  /// Another attempt may succeed.
  CCURL_CUT,
  /// More redirects than are followed.
  CCURL_REDIRECTED_TOO_OFTEN,
  /// A redirect to a protocol that is not allowed.
  CCURL_REDIRECTED_AWAY,
  /// No attempt will succeed.
  CCURL_FAILED,
} CCurlOutcome;

/// A request for a range of bytes. Redirects are followed, but none from https to http.
typedef struct {
  const char *_Nonnull address;
  /// The first and the last byte, as in "0-99".
  const char *_Nonnull range;
  /// The name of the program.
  const char *_Nonnull agent;
  /// Whether the address has no TLS.
  bool is_plain;
  /// How long connecting may take, and how long a transfer may stall.
  long connect_seconds, stall_seconds;
  /// The first argument of the functions.
  void *_Nullable context;
  /// Receives a line of the head of an answer, of redirects, too; false ends the transfer.
  bool (*_Nonnull head)(void *_Nullable context, const char *_Nonnull line, size_t count);
  /// Receives bytes of the answer; false ends the transfer.
  bool (*_Nonnull body)(void *_Nullable context, const char *_Nonnull bytes, size_t count);
  /// Is called about once a second.
  void (*_Nonnull tick)(void *_Nullable context);
} CCurlRequest;

enum { CCURL_MESSAGE_SIZE = 256 };

/// A connection, kept from one request to the next. One thread at a time uses it.
typedef struct CCurlConnection CCurlConnection;

/// A new connection; NULL if libcurl or memory is missing.
CCurlConnection *_Nullable ccurl_open(void);

/// Ends a connection.
void ccurl_close(CCurlConnection *_Nullable connection);

/// Requests bytes. Certificates are verified, against those that CURL_CA_BUNDLE, SSL_CERT_DIR or
/// SSL_CERT_FILE name, as curl does. After a failure, `message` is a text, possibly empty.
CCurlOutcome ccurl_get(CCurlConnection *_Nonnull connection, const CCurlRequest *_Nonnull request,
  char *_Nonnull message);

/// Why libcurl cannot be used, in one sentence without a full stop; NULL if it can.
const char *_Nullable ccurl_problem(void);

#endif
