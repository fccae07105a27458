# Which rows belong together: grouping factors and other groups of rows, by name or by value.

#' A grouping factor, or variable of the model frame, by its name
#'
#' @param terms as `fit_random_terms()` gives them.
#' @param arg string: the argument that has the name.
#' @param hint string: a further line of the error, or NULL.
#' @return factor, one element for each row of the frame.
#' @noRd
grouping_of <- function(name, terms, frame, call, arg = "groups", hint = NULL) {
  for (term in terms) {
    if (term$group == name) return(factor(term$levels[term$level], levels = term$levels))
  }
  value <- if (name %in% names(frame)) .subset2(frame, name)
  if (!is.null(value) && is.null(dim(value))) return(as.factor(value))
  known <- unique(c(vapply(terms, `[[`, "", "group"), names(frame)[-1L]))
  known <- grep("^\\(|^offset\\(", known, value = TRUE, invert = TRUE)
  abort(c(
    "{.arg {arg}} must name grouping factors or variables of the fit, not {.val {name}}.",
    "i" = paste0("They are {.val {known}}", hint, ".")
  ), kind = "argument", variable = arg, observed = name, call = call)
}

#' Clusters of rows between which the fit's model has no covariance
#'
#' @param cluster NULL: the grouping factor within whose levels all others are. Names of grouping
#'   factors or variables of the frame (their combinations), or a value for each row of the fit or
#'   of its data.
#' @return list(`code` (integer, 1 ... m, NA for rows of weight zero; by row of the frame),
#'   `labels` (character m), `name` (string, NULL for values)).
#' @noRd
independent_clusters <- function(fit, cluster = NULL, call = entry_frame()) {
  check_can_cluster(fit)
  terms <- fit_random_terms(fit)
  if (is.null(cluster)) cluster <- outermost_group(terms, call)
  found <- cluster_values(fit, cluster, terms, call)
  values <- found$values
  values[which(fit$weights == 0)] <- NA
  values <- droplevels(values)
  code <- as.integer(values)
  for (term in terms) check_within_clusters(term, code, found$name, call)
  if (nlevels(values) < 2L) {
    abort("Cluster-robust covariances need two clusters at least; there is {nlevels(values)}.",
      kind = "argument", variable = "cluster", observed = nlevels(values), call = call
    )
  }
  list(code = code, labels = levels(values), name = found$name)
}

check_can_cluster <- function(fit) {
  require_independent(fit, "A cluster-robust covariance")
  require_plain_residuals(fit, "A cluster-robust covariance")
  if (is.null(fit$undetermined)) return(invisible(NULL))
  abort(c(
    "There is no cluster-robust covariance with a variance that the data do not determine.",
    "i" = "{.fn lmm} said which one; leave its term out."
  ), kind = "unsupported", variable = "fit")
}

# The name of the grouping factor, of those with the fewest levels, in which all others are nested.
outermost_group <- function(terms, call) {
  terms <- terms[order(vapply(terms, function(term) length(unique(term$level)), 1L))]
  for (candidate in terms) {
    others <- vapply(terms, function(term) is_nested_in(term$level, candidate$level), TRUE)
    if (all(others)) return(candidate$group)
  }
  groups <- unique(vapply(terms, `[[`, "", "group"))
  abort(c(
    "{.arg cluster} is needed: the grouping factors {.val {groups}} are not nested in one of them.",
    "i" = "Give a variable, or a value for each row, in whose clusters all levels of these are."
  ), kind = "argument", variable = "cluster", observed = groups, call = call)
}

# Codes of levels and of clusters by row; rows without a cluster do not count.
is_nested_in <- function(level, cluster) {
  used <- !is.na(cluster)
  level <- level[used]
  cluster <- cluster[used]
  all(cluster[match(level, level)] == cluster)
}

cluster_values <- function(fit, cluster, terms, call) {
  frame <- model_frame_of(fit)
  n <- nrow(frame)
  omitted <- fit$na.action
  in_data <- n + length(omitted)
  if (is.character(cluster) && !anyNA(cluster) && length(cluster) > 0L && length(cluster) < n) {
    factors <- lapply(cluster, grouping_of, terms, frame, call, "cluster",
      "; others are given as a value for each row"
    )
    values <- interaction(factors, drop = TRUE, sep = ":", lex.order = TRUE)
    return(list(values = values, name = paste(cluster, collapse = ":")))
  }
  if (!is.atomic(cluster) || !is.null(dim(cluster)) || !length(cluster) %in% c(n, in_data)) {
    rows <- if (in_data > n) paste(n, "or", in_data) else n
    abort_argument(cluster, "cluster", paste0(
      "one or more names of grouping factors or variables, or a vector of ", rows,
      " values, one for each row"
    ), "argument", call)
  }
  if (length(cluster) == in_data && in_data > n) cluster <- cluster[-omitted]
  if (anyNA(cluster)) {
    count <- sum(is.na(cluster))
    abort("{.arg cluster} is missing in {count} row{?s} of the fit.",
      kind = "argument", variable = "cluster", observed = count, call = call
    )
  }
  list(values = as.factor(cluster), name = NULL)
}

check_within_clusters <- function(term, code, name, call) {
  if (is_nested_in(term$level, code)) return(invisible(NULL))
  used <- !is.na(code)
  first <- code[used][match(term$level[used], term$level[used])]
  split_level <- term$levels[term$level[used][which(first != code[used])[1L]]]
  of <- if (is.null(name)) "clusters" else paste("clusters of", name)
  abort(c(
    "Observations of different {of} are correlated in the model of this fit.",
    "x" = "Level {.val {split_level}} of {.var {term$group}} is in several of them.",
    "i" = "{.arg cluster} must be coarser than every grouping factor."
  ), kind = "argument", variable = "cluster", observed = split_level, call = call)
}

#' Derivatives of the log-likelihood by the fixed effects, times sigma^2, by cluster
#'
#' \eqn{X_i'V_i^{-1}(y - X\hat\beta)_i}{X_i'V_i^-1 (y - X beta)_i}, which are the sums of
#' \eqn{w (y - \hat\mu) x}{w (y - mu) x}, mu with the conditional modes.
#' @return m x p matrix with names.
#' @noRd
cluster_scores <- function(fit, clusters) {
  rows <- fixed_matrix(fit) * ((fit$weights %||% 1) * (model_response(fit) - fit$fitted))
  used <- !is.na(clusters$code)
  scores <- rowsum(rows[used, , drop = FALSE], clusters$code[used], reorder = TRUE)
  dimnames(scores) <- list(clusters$labels, names(fit$beta))
  scores
}
