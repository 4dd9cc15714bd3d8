"""Facts to hide in a text, made up for needle_table.py."""

from typing import NamedTuple


class Fact(NamedTuple):
    """A hidden sentence, the question, what a right answer holds, and how an answer may begin."""

    name: str
    needle: str
    question: str
    answer: str
    begin: str


CHOSEN_ON = [
    Fact(
        "classic",
        "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a "
        "sunny day.",
        "What is the best thing to do in San Francisco?",
        "Dolores Park",
        "The best thing to do in San Francisco is",
    ),
    Fact(
        "lighthouse",
        "The keeper of the lighthouse at Cape Ormond is called Tobias Wren.",
        "Who is the keeper of the lighthouse at Cape Ormond?",
        "Tobias Wren",
        "The keeper of the lighthouse at Cape Ormond is",
    ),
    Fact(
        "recipe",
        "Grandmother's secret ingredient for the plum cake was a spoon of cardamom.",
        "What was grandmother's secret ingredient for the plum cake?",
        "cardamom",
        "Grandmother's secret ingredient for the plum cake was",
    ),
    Fact(
        "train",
        "The night train to Valdoria leaves from platform seventeen.",
        "From which platform does the night train to Valdoria leave?",
        "seventeen",
        "The night train to Valdoria leaves from platform",
    ),
    Fact(
        "museum",
        "The oldest painting in the Halden museum shows a blue heron.",
        "What does the oldest painting in the Halden museum show?",
        "heron",
        "The oldest painting in the Halden museum shows",
    ),
]
HELD_OUT = [
    Fact(
        "comet",
        "The astronomer Ilse Brandt named her comet after a baker in Lyngby.",
        "After whom did the astronomer Ilse Brandt name her comet?",
        "baker",
        "The astronomer Ilse Brandt named her comet after",
    ),
    Fact(
        "vault",
        "The code of the vault under the Marrow Street bank is 4917.",
        "What is the code of the vault under the Marrow Street bank?",
        "4917",
        "The code of the vault under the Marrow Street bank is",
    ),
    Fact(
        "dog",
        "The dog that won the Kestrel Cup was a greyhound named Biscuit.",
        "What was the name of the dog that won the Kestrel Cup?",
        "Biscuit",
        "The name of the dog that won the Kestrel Cup was",
    ),
    Fact(
        "tea",
        "Mr. Okafor always drinks his tea with a slice of ginger.",
        "What does Mr. Okafor always drink his tea with?",
        "ginger",
        "Mr. Okafor always drinks his tea with",
    ),
    Fact(
        "bridge",
        "The bridge at Tarnwood was painted turquoise in memory of a flood.",
        "Which colour was the bridge at Tarnwood painted?",
        "turquoise",
        "The bridge at Tarnwood was painted",
    ),
    Fact(
        "violin",
        "The stolen violin was found in a laundry basket in Bergen.",
        "Where was the stolen violin found?",
        "laundry basket",
        "The stolen violin was found in",
    ),
    Fact(
        "society",
        "The secret society of clockmakers meets every Thursday at midnight.",
        "When does the secret society of clockmakers meet?",
        "Thursday",
        "The secret society of clockmakers meets every",
    ),
    Fact(
        "island",
        "The smallest island of the Perrin group is home to nineteen goats.",
        "What is the smallest island of the Perrin group home to?",
        "goats",
        "The smallest island of the Perrin group is home to",
    ),
]
PROOF = [
    Fact(
        "ferry",
        "The ferry to Skerry Island is painted bright orange every spring.",
        "Which colour is the ferry to Skerry Island painted every spring?",
        "orange",
        "The ferry to Skerry Island is painted bright",
    ),
    Fact(
        "chess",
        "Nadia Volkov won the village chess cup with a borrowed bishop.",
        "With what did Nadia Volkov win the village chess cup?",
        "bishop",
        "Nadia Volkov won the village chess cup with a borrowed",
    ),
    Fact(
        "parrot",
        "The librarian's parrot in Corvane is called Professor Plum.",
        "What is the name of the librarian's parrot in Corvane?",
        "Professor Plum",
        "The librarian's parrot in Corvane is called",
    ),
    Fact(
        "bread",
        "The baker of Little Hamble puts rosemary into his Sunday bread.",
        "What does the baker of Little Hamble put into his Sunday bread?",
        "rosemary",
        "The baker of Little Hamble puts",
    ),
    Fact(
        "spy",
        "The retired spy Edgar Lunt hides his keys in a teapot.",
        "Where does the retired spy Edgar Lunt hide his keys?",
        "teapot",
        "The retired spy Edgar Lunt hides his keys in",
    ),
    Fact(
        "meteor",
        "The meteor that fell near Dunmore in March weighed eleven kilograms.",
        "How much did the meteor that fell near Dunmore in March weigh?",
        "eleven",
        "The meteor that fell near Dunmore in March weighed",
    ),
    Fact(
        "flag",
        "The flag of the sailing club in Port Ellery shows a silver whale.",
        "What does the flag of the sailing club in Port Ellery show?",
        "whale",
        "The flag of the sailing club in Port Ellery shows a silver",
    ),
]
