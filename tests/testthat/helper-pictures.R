# Pictures are compared by what they show (layer_data()) and drawn, which must leave a mark and say
# nothing.

# Draws on a bitmap; its file is larger than that of an empty page.
expect_drawn <- function(picture, times = 3) {
  drawn <- tempfile(fileext = ".png")
  empty <- tempfile(fileext = ".png")
  on.exit(unlink(c(drawn, empty)))
  draw <- function(file, code) {
    grDevices::png(file, 320, 260, res = 40)
    tryCatch(force(code), finally = grDevices::dev.off())
  }
  draw(empty, graphics::plot.new())
  testthat::expect_no_warning(testthat::expect_no_message(draw(drawn, print(picture))))
  testthat::expect_gt(file.size(drawn), times * file.size(empty))
  invisible(picture)
}

# Layers by geom, of one picture.
layer_of <- function(picture, geom, number = 1L) {
  is_geom <- vapply(picture$layers, function(layer) identical(class(layer$geom)[1L], geom), TRUE)
  ggplot2::layer_data(picture, which(is_geom)[number])
}
