// The C library and its mathematics, by one name: the only file that knows which one it is.
#if canImport(Glibc)
  @_exported public import Glibc
#elseif canImport(Musl)
  @_exported public import Musl
#else
  #error("qfilters needs Linux; docs/public-api.md says what other systems lack")
#endif
