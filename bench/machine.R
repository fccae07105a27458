# What a figure depends on besides the code.

processor <- function() {
  lines <- cpu_lines("model name")
  if (length(lines) == 0) return(Sys.info()[["machine"]])
  paste0(lines[1], ", ", length(lines), " logical cores")
}

cpu_lines <- function(field) {
  lines <- tryCatch(readLines("/proc/cpuinfo"), error = function(e) character(),
    warning = function(w) character()
  )
  sub(".*: *", "", grep(paste0("^", field, "\\s*:"), lines, value = TRUE))
}

# Of the flags only those that matter here.
instruction_sets <- function() {
  flags <- strsplit(c(cpu_lines("flags"), "")[1], " ")[[1]]
  paste(intersect(c("sse4_2", "avx", "fma", "avx2", "avx512f"), flags), collapse = " ")
}

load_average <- function() {
  line <- tryCatch(readLines("/proc/loadavg"), error = function(e) "", warning = function(w) "")
  sub("^(\\S+ \\S+ \\S+).*", "\\1", line)
}

# The commit of this checkout; the installed package is hoped to be built from it.
commit <- function() {
  output <- tryCatch(
    system2("git", c("-C", shQuote(bench_folder), "log", "-1", "--format=%h"),
      stdout = TRUE, stderr = FALSE
    ),
    error = function(e) character(), warning = function(w) character()
  )
  c(output, "unknown")[1]
}

compiler_flags <- function() {
  command <- file.path(R.home("bin"), "R")
  tryCatch(
    system2(command, c("CMD", "config", "CXX17FLAGS"), stdout = TRUE, stderr = FALSE)[1],
    error = function(e) "unknown", warning = function(w) "unknown"
  )
}

matrix_kernel <- function(choose = "") henderson:::gemm_kernel_cpp(choose)

# Named character vector, in the order of printing.
machine <- function() {
  versions <- vapply(Filter(has_package, names(package_table())), function(package) {
    paste(package, format(utils::packageVersion(package)))
  }, "")
  session <- utils::sessionInfo()
  c(
    date = format(Sys.time(), "%Y-%m-%d %H:%M %Z"),
    processor = processor(),
    "instruction sets" = instruction_sets(),
    "matrix kernel" = matrix_kernel(),
    system = session$running,
    R = R.version.string,
    BLAS = session$BLAS,
    "compiler flags" = compiler_flags(),
    packages = paste(versions, collapse = ", "),
    commit = commit(),
    "load at start" = load_average()
  )
}

# For file names: date and processor.
machine_slug <- function() {
  name <- tolower(gsub("[^A-Za-z0-9]+", "-", processor()))
  paste0(format(Sys.Date()), "-", sub("-logical", "", sub("^-|-$", "", name)))
}
