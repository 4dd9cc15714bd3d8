#define _GNU_SOURCE
// Options of releases before 7.85 are used, which later ones keep.
#define CURL_DISABLE_DEPRECATION
#include "CCurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Macros of the header that check types would call the functions by these names.
#undef curl_easy_setopt

static struct {
  __typeof__(curl_global_init) *global_init;
  __typeof__(curl_easy_init) *init;
  __typeof__(curl_easy_reset) *reset;
  __typeof__(curl_easy_setopt) *set;
  __typeof__(curl_easy_perform) *perform;
  __typeof__(curl_easy_cleanup) *cleanup;
  __typeof__(curl_easy_strerror) *strerror;
} curl;

static const char *problem =
  "libcurl.so.4 is missing or incomplete; install libcurl (Debian: libcurl4)";

static void open_once(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return;
  *(void **)&curl.global_init = dlsym(library, "curl_global_init");
  *(void **)&curl.init = dlsym(library, "curl_easy_init");
  *(void **)&curl.reset = dlsym(library, "curl_easy_reset");
  *(void **)&curl.set = dlsym(library, "curl_easy_setopt");
  *(void **)&curl.perform = dlsym(library, "curl_easy_perform");
  *(void **)&curl.cleanup = dlsym(library, "curl_easy_cleanup");
  *(void **)&curl.strerror = dlsym(library, "curl_easy_strerror");
  if (!curl.global_init || !curl.init || !curl.reset || !curl.set || !curl.perform || !curl.cleanup
    || !curl.strerror)
    return;
  if (curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) problem = NULL;
}

const char *ccurl_problem(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_once);
  return problem;
}

CCurlConnection *ccurl_open(void) {
  return ccurl_problem() ? NULL : (CCurlConnection *)curl.init();
}

void ccurl_close(CCurlConnection *connection) {
  if (connection) curl.cleanup((CURL *)connection);
}

static size_t take_head(char *bytes, size_t size, size_t count, void *request) {
  const CCurlRequest *r = request;
  // Any other number than the given one ends the transfer.
  return r->head(r->context, bytes, size * count) ? size * count : size * count + 1;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *request) {
  const CCurlRequest *r = request;
  return r->body(r->context, bytes, size * count) ? size * count : size * count + 1;
}

static int take_tick(
  void *request, curl_off_t expected, curl_off_t received, curl_off_t to_send, curl_off_t sent) {
  (void)expected, (void)received, (void)to_send, (void)sent;
  const CCurlRequest *r = request;
  r->tick(r->context);
  return 0;
}

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

// As the program curl does; the library reads only variables of proxies.
static bool set_certificates(CURL *handle) {
  const char *bundle = setting("CURL_CA_BUNDLE");
  if (bundle) return curl.set(handle, CURLOPT_CAINFO, bundle) == CURLE_OK;
  const char *folder = setting("SSL_CERT_DIR"), *file = setting("SSL_CERT_FILE");
  return (!folder || curl.set(handle, CURLOPT_CAPATH, folder) == CURLE_OK)
    && (!file || curl.set(handle, CURLOPT_CAINFO, file) == CURLE_OK);
}

static const long most_redirects = 5, least_bytes_per_second = 100;

static bool set_options(CURL *handle, const CCurlRequest *request, char *message) {
  const long protocols = request->is_plain ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;
  return curl.set(handle, CURLOPT_URL, request->address) == CURLE_OK
    && curl.set(handle, CURLOPT_RANGE, request->range) == CURLE_OK
    && curl.set(handle, CURLOPT_USERAGENT, request->agent) == CURLE_OK
    && curl.set(handle, CURLOPT_PROTOCOLS, protocols) == CURLE_OK
    && curl.set(handle, CURLOPT_REDIR_PROTOCOLS, protocols) == CURLE_OK
    && curl.set(handle, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK
    && curl.set(handle, CURLOPT_MAXREDIRS, most_redirects) == CURLE_OK
    && curl.set(handle, CURLOPT_FAILONERROR, 1L) == CURLE_OK
    && curl.set(handle, CURLOPT_CONNECTTIMEOUT, request->connect_seconds) == CURLE_OK
    && curl.set(handle, CURLOPT_LOW_SPEED_LIMIT, least_bytes_per_second) == CURLE_OK
    && curl.set(handle, CURLOPT_LOW_SPEED_TIME, request->stall_seconds) == CURLE_OK
    && curl.set(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
    && curl.set(handle, CURLOPT_NOPROGRESS, 0L) == CURLE_OK
    && curl.set(handle, CURLOPT_XFERINFOFUNCTION, take_tick) == CURLE_OK
    && curl.set(handle, CURLOPT_XFERINFODATA, request) == CURLE_OK
    && curl.set(handle, CURLOPT_HEADERFUNCTION, take_head) == CURLE_OK
    && curl.set(handle, CURLOPT_HEADERDATA, request) == CURLE_OK
    && curl.set(handle, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK
    && curl.set(handle, CURLOPT_WRITEDATA, request) == CURLE_OK
    && curl.set(handle, CURLOPT_ERRORBUFFER, message) == CURLE_OK && set_certificates(handle);
}

// A server that closes its connection must not end the process. Releases of libcurl differ in
// whether they prevent that.
static CURLcode perform(CURL *handle) {
  sigset_t pipe, old, pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  bool was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
  bool is_blocked = pthread_sigmask(SIG_BLOCK, &pipe, &old) == 0;
  CURLcode code = curl.perform(handle);
  if (!is_blocked) return code;
  if (!was_pending) sigtimedwait(&pipe, NULL, &(struct timespec){0});
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return code;
}

static CCurlOutcome outcome(CURLcode code) {
  switch (code) {
  case CURLE_OK: return CCURL_COMPLETE;
  case CURLE_HTTP_RETURNED_ERROR: return CCURL_REJECTED;
  case CURLE_WRITE_ERROR: return CCURL_STOPPED;
  case CURLE_TOO_MANY_REDIRECTS: return CCURL_REDIRECTED_TOO_OFTEN;
  case CURLE_UNSUPPORTED_PROTOCOL: return CCURL_REDIRECTED_AWAY;
  case CURLE_COULDNT_CONNECT:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM: return CCURL_CUT;
  default: return CCURL_FAILED;
  }
}

CCurlOutcome ccurl_get(CCurlConnection *connection, const CCurlRequest *request, char *message) {
  _Static_assert(CCURL_MESSAGE_SIZE >= CURL_ERROR_SIZE, "libcurl writes as much");
  CURL *handle = (CURL *)connection;
  curl.reset(handle);
  message[0] = '\0';
  CURLcode code = set_options(handle, request, message) ? perform(handle) : CURLE_FAILED_INIT;
  if (code != CURLE_OK && message[0] == '\0')
    strncat(message, curl.strerror(code), CCURL_MESSAGE_SIZE - 1);
  return outcome(code);
}
