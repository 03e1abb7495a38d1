"""What AWS Marketplace asks of a model package, tried out with the image itself.

Source of the limits: AWS Marketplace Seller Guide, "Service restrictions and quotas" of machine learning.

::

    listing    what is to be listed, as values          instances  where it can be hosted and transformed
    payload    test data, and data of the limit's size  package    -> the CreateModelPackage request, and
    checks/    OK, NG or SKIP, one module each                     what is wrong with it
    trial      a container without a network; ask.py is what runs inside and asks it
    creation   CreateModelPackage, followed to its end
"""
