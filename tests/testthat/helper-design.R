# The left half of lmm(): from formula and data to the design, evaluated as an entry function does.
design_of <- function(formula, data = NULL, control = lmm_control(), subset, weights, na.action,
                      offset, contrasts = NULL, ...) {
  check_no_dots(...)
  control <- check_control(control)
  call <- match.call()
  parsed <- parse_formula(formula, parent.frame())
  frame <- model_frame(parsed, data, call, parent.frame())
  design <- model_design(parsed, frame, contrasts, control)
  c(unclass(design), list(frame = frame, parsed = parsed, call = call))
}

# What design_newdata() reads from a fit.
fit_of_design <- function(design, dropped = character()) {
  list(
    call = design$call, formula = design$parsed$formula, terms = design$terms,
    xlevels = design$xlevels, contrasts = design$contrasts, offset = design$offset,
    all_columns = colnames(design$X), dropped = dropped,
    random = lapply(design$random, function(term) term[setdiff(names(term), c("z", "level"))])
  )
}

# Checks of a model's size do not matter where only its matrices are compared.
no_checks <- lmm_control(
  check_nobs_vs_nlev = "ignore", check_nobs_vs_nre = "ignore", check_nlev_gtr_1 = "ignore"
)

# 72 rows, three crossed factors and variables of every type.
many_types <- function() {
  d <- expand.grid(a = c("x", "y", "w"), b = 1:3, c = c("p", "q"), replicate = 1:4)
  i <- seq_len(nrow(d))
  d$y <- sin(i * 1.7) * 3 + i / 20
  d$x <- cos(i * 2.3)
  d$w <- sqrt(i)
  d$f <- factor(letters[1 + (i %/% 5) %% 3])
  d$g <- factor(1 + (i * 5) %% 7 %% 5)
  d$string <- c("u", "v", "k", "K")[1 + (i * 11) %% 4]
  d$ordered <- factor(1 + (i * 3) %% 4, ordered = TRUE)
  d$logical <- i %% 5 > 1
  d$integer <- (i * 13) %% 9 - 3L
  d$number <- ((i * 13) %% 9) / 4
  d$day <- as.Date("2024-02-28") + i %% 6
  d$time <- as.POSIXct("2024-02-28 23:59:58", tz = "UTC") + i %% 6
  d$positive <- 0.5 + i / 50
  d$`my var` <- i^0.7
  d
}
