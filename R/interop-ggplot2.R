# What all pictures by ggplot2 have in common. The methods are registered when ggplot2 is loaded.

# Aesthetics by the names of columns.
aes_of <- function(...) do.call(ggplot2::aes, lapply(list(...), as.name))

# Of data frames with values to draw: an empty layer would have no scales.
picture_theme <- function() {
  list(
    ggplot2::theme_bw(base_size = 11),
    ggplot2::theme(
      panel.grid.minor = ggplot2::element_blank(), legend.position = "bottom",
      plot.title = ggplot2::element_text(size = 12),
      strip.background = ggplot2::element_rect(fill = "grey92")
    )
  )
}

reference_line <- function(...) {
  ggplot2::geom_abline(..., colour = "grey50", linetype = "dashed")
}

level_line <- function(at) {
  ggplot2::geom_hline(yintercept = at, colour = "grey50", linetype = "dashed")
}

point_layer <- function(...) {
  ggplot2::geom_point(..., colour = okabe_ito[["blue"]], size = 1.4)
}

band_layer <- function(data) {
  if (is.null(data)) return(NULL)
  ggplot2::geom_ribbon(aes_of(ymin = "lower", ymax = "upper"), data = data, fill = "grey85")
}

# The rows of largest `size`.
extreme_rows <- function(data, size, count) data[utils::head(order(-size), count), , drop = FALSE]

label_layer <- function(data) {
  if (nrow(data) == 0L) return(NULL)
  list(
    ggplot2::geom_text(aes_of(label = "name"),
      # of two that overlap the first is drawn, which is the more extreme
      data = data, size = 3, vjust = -0.6, check_overlap = TRUE
    ),
    ggplot2::scale_y_continuous(expand = ggplot2::expansion(mult = c(0.05, 0.1)))
  )
}

# In the place of a picture: why there is none.
picture_text <- function(text, title) {
  ggplot2::ggplot() + ggplot2::annotate("text", x = 0, y = 0, label = text) +
    ggplot2::theme_void(base_size = 11) + ggplot2::labs(title = title)
}

# A result that is one picture is that picture, several are a page of them.
as_page <- function(pictures) {
  if (length(pictures) == 1L) pictures[[1L]] else structure(pictures, class = "henderson_pictures")
}

#' Several pictures on a page
#'
#' @param x A list of pictures, as [autoplot()][autoplot.henderson_lmm] returns it when it has more
#'   than one. Each can be taken from it (`x$residuals`), changed and drawn as any of ggplot2's.
#' @param ncol `NULL` or one whole number, at least 1: columns of the page.
#' @param newpage One logical: begin a new page?
#' @param ... Unused.
#' @return `x`, invisibly.
#' @section Errors: class `henderson_error_argument` for a malformed argument.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("ggplot2", quietly = TRUE)) {
#'   pictures <- ggplot2::autoplot(fit, which = c("residuals", "modes"))
#'   print(pictures, ncol = 1)
#'   pictures$modes + ggplot2::theme_minimal()
#' }
#' @export
print.henderson_pictures <- function(x, ncol = NULL, newpage = TRUE, ...) {
  check_print_dots(...)
  check_count(ncol, min = 1, null_ok = TRUE)
  check_flag(newpage)
  columns <- ncol %||% ceiling(sqrt(length(x)))
  rows <- ceiling(length(x) / columns)
  if (newpage) grid::grid.newpage()
  grid::pushViewport(grid::viewport(layout = grid::grid.layout(rows, columns)))
  on.exit(grid::popViewport())
  for (i in seq_along(x)) {
    print(x[[i]], vp = grid::viewport(
      layout.pos.row = (i - 1L) %/% columns + 1L, layout.pos.col = (i - 1L) %% columns + 1L
    ))
  }
  invisible(x)
}

#' @rdname print.henderson_pictures
#' @export
plot.henderson_pictures <- function(x, ...) print.henderson_pictures(x, ...)

#' @export
`[.henderson_pictures` <- function(x, i) structure(unclass(x)[i], class = "henderson_pictures")

# Names of the pictures that `which` asks for: numbers, or some of the names.
chosen_pictures <- function(which, known, call = entry_frame()) {
  chosen <- if (is.numeric(which)) known[which] else which
  if (!is.character(chosen) || length(chosen) == 0L || !all(chosen %in% known)) {
    abort_argument(
      which, "which", paste0("numbers from 1 to ", length(known), ", or some of ", toString(known)),
      "argument", call
    )
  }
  unique(chosen)
}
