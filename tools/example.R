# The two fits that the README's first command shows.
library(henderson)

writeLines("\n== Reaction times during sleep restriction: a line for each subject ==\n")
print(summary(lmm(Reaction ~ Days + (Days | Subject), sleepstudy)))

writeLines("\n== Sorghum yields in environment E3: genotypes in four replicates ==\n")
print(summary(lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3"))))
