# Relationships: milk against pedigreemm, a large simulated pedigree, dense matrices and scans.
#
#   Rscript bench/kinship.R [animals, default 1e5] [individuals, default 1000 2000]
#
# pedigreemm takes minutes for milk: it runs only with the environment variable PEDIGREEMM=1.
suppressMessages(library(henderson))
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
animals <- if (length(arguments) > 0L) arguments[1L] else 1e5
individuals <- if (length(arguments) > 1L) arguments[-1L] else c(1000, 2000)
elapsed <- function(expr) system.time(expr)[["elapsed"]]
say <- function(what, ...) cat(sprintf("%-52s %s\n", what, paste(..., collapse = " ")))

if (requireNamespace("pedigreemm", quietly = TRUE)) {
  utils::data("milk", "pedCows", package = "pedigreemm")
  Q <- pedigreemm::getAInv(pedCows)
  rownames(Q) <- pedCows@label
  own <- elapsed(fit <- lmm(milk ~ lact + log(dim) + (1 | id) + (1 | herd), milk,
    relationship = list(id = precision(Q))
  ))
  say("milk, lmm()", round(own, 3), "s, criterion", format(fit$criterion, digits = 12))
  if (nzchar(Sys.getenv("PEDIGREEMM"))) {
    other <- elapsed(peer <- pedigreemm::pedigreemm(
      milk ~ lact + log(dim) + (1 | id) + (1 | herd), milk, pedigree = list(id = pedCows)
    ))
    say("milk, pedigreemm()", round(other, 1), "s, ratio", round(other / own))
  }
}

set.seed(1)
generation <- rep(1:10, each = animals / 10)
parents <- function(sires) {
  unlist(lapply(1:10, function(g) {
    if (g == 1L) return(rep(NA, animals / 10))
    before <- which(generation == g - 1L)
    sample(if (sires) head(before, 100) else tail(before, -100), animals / 10, replace = TRUE)
  }))
}
sire <- parents(TRUE)
dam <- parents(FALSE)
seconds <- elapsed(known <- pedigree(seq_len(animals), sire, dam))
say(paste("pedigree of", animals), round(seconds, 2), "s")
records <- data.frame(id = rep(seq_len(animals), 2), herd = sample(200, 2 * animals, TRUE))
value <- numeric(animals)
for (i in seq_len(animals)) {
  own <- c(sire[i], dam[i])
  value[i] <- if (anyNA(own)) rnorm(1) else mean(value[own]) + rnorm(1, sd = sqrt(0.5))
}
records$y <- value[records$id] + rnorm(200)[records$herd] + rnorm(2 * animals)
say("lmm(), two records each", round(elapsed(
  fit <- lmm(y ~ 1 + (1 | id) + (1 | herd), records, relationship = list(id = known))
), 2), "s,", fit$optimization$evaluations, "evaluations")
say("heritability(method = \"Wald\")", round(elapsed(print(heritability(fit, method = "Wald"))), 2))

for (n in individuals) {
  markers <- matrix(rbinom(2 * n^2, 2, 0.3) + 0, n)
  centred <- scale(markers, scale = FALSE)
  K <- tcrossprod(centred) / (0.42 * 2 * n) + diag(1e-3, n)
  rownames(K) <- rownames(markers) <- sprintf("i%06d", seq_len(n))
  data <- data.frame(id = rownames(K))
  data$y <- drop(centred %*% rnorm(2 * n)) / sqrt(0.84 * n) + rnorm(n)
  say(paste("dense matrix of", n), round(elapsed(
    fit <- lmm(y ~ 1 + (1 | id), data, relationship = list(id = K))
  ), 2), "s, eigen()", round(elapsed(eigen(K, symmetric = TRUE)), 2))
  say("  scan of 1000 markers, one-step", round(elapsed(marker_scan(fit, markers[, 1:1000])), 2))
  exact <- elapsed(marker_scan(fit, markers[, 1:100], "exact"))
  say("  scan of 100 markers, exact", round(exact, 2))
}
