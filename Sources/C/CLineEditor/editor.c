#define _GNU_SOURCE
#include "CLineEditor.h"

#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *(*read_edited)(const char *prompt);
static int (*add_to_history)(const char *line);

static void open_library(void) {
  void *library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  *(void **)&read_edited = dlsym(library, "readline");
  *(void **)&add_to_history = dlsym(library, "add_history");
  // Signals are the program's.
  int *catches_signals = dlsym(library, "rl_catch_signals");
  if (catches_signals) *catches_signals = 0;
  // Whatever the rest of the program expects of numbers, a line is text of the user's language.
  setlocale(LC_CTYPE, "");
}

char *cle_read_line(const char *prompt) {
  int is_typed = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (is_typed) pthread_once(&once, open_library);
  if (is_typed && read_edited) return read_edited(prompt);
  if (is_typed) {
    fputs(prompt, stdout);
    fflush(stdout);
  }
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length = getline(&line, &capacity, stdin);
  if (length < 0) {
    free(line);
    return NULL;
  }
  if (length > 0 && line[length - 1] == '\n') line[length - 1] = 0;
  return line;
}

void cle_remember(const char *line) {
  if (add_to_history) add_to_history(line);
}
