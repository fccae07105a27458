# Checks that what texts and comments cite exists:
#
#   1. a file, by its path or the end of one: `equations/factor.h`, helper-tiers.R
#   2. a function, as name() or `name()`: ours, R's, or one of the other packages' named below
#   3. a name of ours, which has an underscore or a capital within: `CovarianceSearch`, in backticks
#      or, in comments of C++, anywhere
#
#   Rscript tools/check-names.R [package folder, default: the one this file is in]
#
# It reads README.md, NEWS.md, design/, vignettes/ and the comments of all sources (man/ is made
# from those of R/), and prints file:line of what does not exist. pkg::name() is left to the reader.
# The exit code is 0 only if nothing is wrong.

# Functions of other packages, of C and of C++ that our texts speak of.
functions_elsewhere <- list(
  lme4 = c(
    "lmer", "lmerControl", "ranef", "VarCorr", "bootMer", "rePCA", "isSingular", "isREML", "isLMM",
    "isGLMM", "isNLMM", "ngrps", "refit", "refitML", "getME", "us", "cs", "ar1"
  ),
  nlme = c("getData", "intervals", "lme", "gls", "nlme", "corAR1", "corCompSymm"),
  # of statsmodels and MixedModels.jl
  elsewhere = c(
    "model.fit", "result.summary", "result.conf_int", "result.profile_re", "result.wald_test_terms"
  ),
  glmmTMB = "glmmTMB",
  # generics that our methods are registered on
  broom = c("tidy", "glance", "augment"), emmeans = c("joint_tests", "emtrends"),
  car = c("Anova", "linearHypothesis", "deltaMethod", "vif", "Confint", "Boot", "S"),
  lmtest = c("coeftest", "coefci", "waldtest", "lrtest"), multcomp = c("glht", "mcp", "cld"),
  effects = c("Effect", "allEffects", "predictorEffect", "predictorEffects"),
  lattice = c("dotplot", "qqmath", "xyplot"), ggplot2 = c("autoplot", "layer_data", "theme_bw"),
  HLMdiag = c("case_delete", "covtrace", "rvc", "leverage"),
  dplyr = "group_data", mice = "pool",
  ggeffects = "ggpredict",
  marginaleffects = c("predictions", "slopes", "comparisons", "hypotheses", "avg_slopes",
                      "avg_comparisons", "get_coef", "set_coef", "get_vcov"),
  parameters = c("model_parameters", "compare_parameters"),
  insight = c(
    "find_formula", "find_random", "get_variance", "get_parameters", "get_df", "get_predicted",
    "get_loglikelihood", "is_model", "is_model_supported", "find_transformation"
  ),
  performance = c(
    "icc", "r2", "r2_nakagawa", "check_singularity", "check_convergence", "performance_aic",
    "performance_aicc", "model_performance", "compare_performance", "performance_mae",
    "performance_cv", "check_normality", "check_model", "check_outliers",
    "check_heterogeneity_bias", "test_likelihoodratio", "test_lrt", "test_performance", "test_bf",
    "test_wald", "test_vuong"
  ),
  MuMIn = c("r.squaredGLMM", "r.squaredLR", "dredge", "model.sel", "model.avg", "AICc"),
  DHARMa = "simulateResiduals",
  sandwich = c("estfun", "bread", "vcovCL", "vcovHC"),
  bayestestR = "sexit_thresholds",
  # within formulas
  stats = "Error", splines = "ns",
  testthat = "test_check", Rcpp = "compileAttributes", R = "vmmin"
)

names_elsewhere <- c(
  "allFit", "dpoMatrix", "var__", "cov__", "pdBlocked", "pdIdent", "varPower", "varExp",
  # statsmodels
  "re_formula", "vc_formula", "cov_re", "fe_params", "random_effects", "bse_fe"
)

# Names that stand for any file, and files of other projects or made when something runs.
files_elsewhere <- c("FILE.csv", "BEFORE.csv", "AFTER.csv", "report.Rmd")

source_folders <- c("R", "src", "tests", "tools", "bench", "data-raw", ".ci")

all_files <- function(root) {
  files <- list.files(root, recursive = TRUE, all.files = TRUE)
  files[!grepl("^[.]git/|[.](o|so|d)$|^tests/cpp/build", files)]
}

# Lines of a file with all but comments made empty.
comments_of <- function(file, lines) {
  sign <- if (grepl("[.](h|cpp)$", file)) "//" else "#"
  # a sign within a string, an address or `$#` is no comment; "#'" and "#!" are
  begin <- regexpr(sprintf("(^|[ \t])%s", sign), lines)
  ifelse(begin > 0, substring(lines, pmax(begin, 1)), "")
}

# A table of what is to be read: file, line, text.
texts_of <- function(files, root) {
  prose <- grepl("^(README|NEWS)[.]md$|^design/.*[.]md$|^vignettes/.*[.]Rmd$", files)
  folder <- sub("/.*", "", files)
  code <- folder %in% source_folders & grepl("[.](R|h|cpp|sh)$|Makefile$|^[.]ci/", files)
  code <- code & !grepl("RcppExports", files)
  tables <- lapply(files[prose | code], function(file) {
    lines <- readLines(file.path(root, file), encoding = "UTF-8", warn = FALSE)
    text <- if (file %in% files[prose]) lines else comments_of(file, lines)
    data.frame(file = rep(file, length(lines)), line = seq_along(lines), text = text)
  })
  do.call(rbind, tables)
}

# All matches of a pattern: file, line, name.
cited <- function(texts, pattern) {
  matches <- regmatches(texts$text, gregexpr(pattern, texts$text, perl = TRUE))
  rows <- rep(seq_len(nrow(texts)), lengths(matches))
  data.frame(file = texts$file[rows], line = texts$line[rows], name = unlist(matches))
}

missing_files <- function(texts, files) {
  ending <- "[.](R|h|cpp|sh|md|Rmd|csv|rds)(?![\\w<>*/.-]*\\w|\\()"
  pattern <- paste0("(?<![\\w<>*./{}$-])[\\w.][\\w./-]*", ending)
  found <- cited(texts, pattern)
  known <- function(name) {
    name <- sub("^([.]{1,2}/)+", "", name)
    name %in% files_elsewhere || any(files == name) || any(endsWith(files, paste0("/", name)))
  }
  names <- unique(found$name)
  lost <- found[found$name %in% names[!vapply(names, known, NA)], ]
  sprintf("%s:%d: there is no file %s", lost$file, lost$line, lost$name)
}

read_all <- function(files, root) {
  lines <- lapply(files, function(file) {
    readLines(file.path(root, file), encoding = "UTF-8", warn = FALSE)
  })
  unlist(lines)
}

# Names of functions that are defined in our sources.
own_functions <- function(files, root) {
  read <- function(pattern) read_all(files[grepl(pattern, files)], root)
  capture <- function(lines, pattern) {
    sub("[( ].*", "", unlist(regmatches(lines, gregexpr(pattern, lines, perl = TRUE))))
  }
  r_code <- read("^(R|tests|tools|bench|data-raw)/.*[.]R$")
  cpp_code <- sub("//.*", "", read("^(src|tests/cpp)/.*[.](h|cpp)$"))
  shell_code <- read("[.]sh$|^[.]ci/")
  c(
    capture(r_code, "[A-Za-z.][\\w.]*(?=( <-| =) function\\()"),
    capture(cpp_code, "[A-Za-z_]\\w*(?=(<[^()]*>)?\\()"),
    capture(shell_code, "^[a-z_]+(?=\\(\\))")
  )
}

is_of_r <- function(name) {
  packages <- c("base", "stats", "utils", "methods", "graphics", "grDevices", "tools", "parallel")
  any(vapply(packages, function(package) {
    exists(name, envir = asNamespace(package), inherits = FALSE)
  }, NA))
}

missing_functions <- function(texts, files, root) {
  found <- cited(texts, "(?<![\\w.:$>&/-])[A-Za-z][\\w.]*(?=\\(\\))")
  known <- c(own_functions(files, root), unlist(functions_elsewhere))
  names <- setdiff(unique(found$name), known)
  names <- names[!vapply(names, is_of_r, NA)]
  lost <- found[found$name %in% names, ]
  sprintf("%s:%d: there is no function %s()", lost$file, lost$line, lost$name)
}

# Our names look so; others are too much like words. In formulas, G_t or delta_ij are none of ours.
name_pattern <- "[A-Za-z]\\w*(_|[a-z0-9][A-Z])\\w*"
cpp_name_pattern <- paste0(
  "(?<![\\w:/.-])([A-Z][a-z]+([A-Z][a-z]+)+|[a-z]{3,}(_[a-z]{3,})+)(?![\\w/.]|-\\w)"
)

missing_names <- function(texts, files, root) {
  in_cpp <- grepl("[.](h|cpp)$", texts$file)
  found <- rbind(
    cited(texts, sprintf("(?<=`)%s(?=`)", name_pattern)),
    cited(texts[in_cpp, ], cpp_name_pattern)
  )
  code <- read_all(files[grepl("[.](R|h|cpp|sh)$|^DESCRIPTION$", files)], root)
  code <- sub("(^|[ \t])(#|//).*", "", code)
  words <- unique(unlist(regmatches(code, gregexpr("[A-Za-z_]\\w*", code))))
  names <- setdiff(unique(found$name), c(words, names_elsewhere))
  names <- names[!vapply(names, is_of_r, NA)]
  lost <- found[found$name %in% names, ]
  sprintf("%s:%d: there is no name %s", lost$file, lost$line, lost$name)
}

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
arguments <- commandArgs(trailingOnly = TRUE)
root <- normalizePath(if (length(arguments)) arguments[1] else dirname(dirname(script)))
files <- all_files(root)
texts <- texts_of(files, root)
problems <- c(
  missing_files(texts, files), missing_functions(texts, files, root),
  missing_names(texts, files, root)
)
writeLines(problems)
if (length(problems)) quit(status = 1)
cat("check-names: ", sum(nzchar(texts$text)), " lines of text\n", sep = "")
