# Fits of data that do not fit into memory: time and peak memory, beside a bare read of the same
# pieces, which does nothing with them.
#
#   Rscript bench/large-data.R [rows: generated] [rows: SQLite] > FILE
#   Rscript bench/large-data.R one sum generated 1e8    # one of the lines
#
# Default: 1e7 and 1e7. Each measurement is a process of its own, so that peak memory is its own
# (VmHWM of Linux). y ~ x1 + x2 * f + (x1 | g) + (1 | h), f of 4 levels, g of 5000, h of 200.

arguments <- commandArgs(trailingOnly = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))

# Pieces that are generated as they are read: deterministic, and cheap beside adding them up.
piece_of <- function(i, size) {
  k <- (i - 1) * size + seq_len(size)
  u <- function(m) (k * m) %% 1
  g <- as.integer(u(0.6180339887498949) * 5000) + 1L
  h <- as.integer(u(0.7548776662466927) * 200) + 1L
  x1 <- u(0.5698402909980532) - 0.5
  x2 <- u(0.8191725133961645) * 4
  f <- c("a", "b", "c", "d")[as.integer(u(0.4142135623730951) * 4) + 1L]
  noise <- u(0.2360679774997896) + u(0.7320508075688772) + u(0.6457513110645907) - 1.5
  y <- 2 + x1 * (1 + sin(g)) + 0.3 * x2 + cos(7 * g) + 0.5 * sin(h) + 2 * noise
  data.frame(y = y, x1 = x1, x2 = x2, f = f, g = g, h = h)
}
generated <- function(rows, size = 1e6) {
  size <- min(size, rows)
  henderson::chunks(function(i) if (i <= rows / size) piece_of(i, size), size = size)
}
from_sqlite <- function(path) {
  connection <- DBI::dbConnect(RSQLite::SQLite(), path, flags = RSQLite::SQLITE_RO)
  henderson::chunks(connection, query = "SELECT y, x1, x2, f, g, h FROM big", size = 5e5)
}
peak_mb <- function() {
  status <- readLines("/proc/self/status")
  as.numeric(gsub("\\D", "", grep("^VmHWM", status, value = TRUE))) / 1024
}
bare_read <- function(source) {
  pieces <- source$open()
  rows <- 0
  while (!is.null(piece <- pieces$read())) rows <- rows + nrow(piece)
  pieces$close()
  rows
}
measure <- function(what, source) {
  model <- y ~ x1 + x2 * f + (x1 | g) + (1 | h)
  took <- proc.time()
  if (what == "read") {
    rows <- bare_read(source)
    took <- proc.time() - took
    fitted <- NA
  } else {
    sums <- henderson::cross_products(model, source)
    took <- proc.time() - took
    rows <- sums$sums$n
    fitted <- system.time(fit <- henderson::lmm(sums))[["elapsed"]]
    cat("# sigma", format(fit$sigma, digits = 10), "criterion", format(fit$criterion, digits = 14),
      "rounding", format(fit$rounding, digits = 2), "\n", file = stderr()
    )
  }
  cat(sprintf("%.0f,%.1f,%.1f,%.1f,%.0f\n", rows, took[["elapsed"]],
    took[["user.self"]] + took[["sys.self"]], fitted, peak_mb()
  ))
}

if (length(arguments) > 0 && arguments[1] == "one") {
  suppressMessages(library(henderson))
  source <- if (arguments[3] == "generated") {
    generated(as.numeric(arguments[4]))
  } else {
    from_sqlite(arguments[3])
  }
  measure(arguments[2], source)
  quit()
}

rows <- as.numeric(c(arguments, "1e7", "1e7")[1:2])
if (length(arguments) == 1) rows[2] <- 1e7
run <- function(...) {
  system2(file.path(R.home("bin"), "Rscript"), shQuote(c(script, "one", ...)), stdout = TRUE)
}
cat("#", format(Sys.time(), "%Y-%m-%d %H:%M"), grep("model name", readLines("/proc/cpuinfo"),
  value = TRUE
)[1], "\n# R", as.character(getRversion()), "henderson",
  as.character(utils::packageVersion("henderson")), "load before:",
  strsplit(readLines("/proc/loadavg"), " ")[[1]][1], "\n"
)
cat("source,what,rows,seconds,cpu_seconds,fit_seconds,peak_mb\n")
for (what in c("read", "sum")) {
  cat("generated,", what, ",", run(what, "generated", rows[1]), "\n", sep = "")
}
if (rows[2] > 0) {
  path <- tempfile(fileext = ".sqlite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), path)
  for (i in seq_len(rows[2] / 1e6)) {
    DBI::dbWriteTable(connection, "big", piece_of(i, 1e6), append = TRUE)
  }
  DBI::dbDisconnect(connection)
  for (what in c("read", "sum")) cat("SQLite,", what, ",", run(what, path), "\n", sep = "")
  unlink(path)
}
